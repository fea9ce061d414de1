// Who this process is, as every export says it.
#pragma once

#include <map>
#include <string>

#include "base/settings.h"
#include "telemetry/signals.h"

namespace pais::telemetry {

struct Surroundings {
  std::map<std::string, std::string> environment = {};
  std::string host_name = {};
  std::string instance_id = {};  // of this process alone, unless the deployment names one

  static Surroundings here();
};

// What OTEL_RESOURCE_ATTRIBUTES says goes before what was found, but for `service.name`, which is the service's name,
// and `telemetry.sdk.*`. Each key once.
Attributes resource_attributes(const Settings& settings, const Surroundings& surroundings);

}  // namespace pais::telemetry
