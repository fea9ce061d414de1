// The host's own log, as records of OpenTelemetry.
#pragma once

#include <memory>

#include "base/log.h"
#include "telemetry/signals.h"

namespace pais::telemetry {

class LogListener final : public log::Listener {
 public:
  LogListener(Scope scope, std::weak_ptr<SignalSink> sink) : scope_(std::move(scope)), sink_(std::move(sink)) {}
  void on(const log::Record& record) override;

 private:
  const Scope scope_;
  const std::weak_ptr<SignalSink> sink_;
};

}  // namespace pais::telemetry
