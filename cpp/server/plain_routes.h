// The routes beside the chat: probes and models.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "http/server.h"
#include "telemetry/metrics.h"

namespace pais::server {

// What the probes tell, asked anew each time.
struct Condition {
  std::string not_ready;              // why not: "starting", "model_not_configured", "draining"; empty: ready
  std::vector<std::string> degraded;  // what is missing though we are ready: "memory"
};

std::vector<http::Route> probe_routes(const std::string& agent_name, std::function<Condition()> condition);
std::vector<http::Route> model_routes(const std::string& agent_name);
// `metrics` outlives the route.
http::Route metrics_route(const telemetry::Metrics& metrics);

}  // namespace pais::server
