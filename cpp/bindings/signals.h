// Telemetry that Python code makes, on its way to where the host's own goes: spans, log records and numbers.
//
// What is handed over is plain values, and is queued there and then: nothing here waits, so the GIL may be held. Of a
// host that has ended nothing is told any more.
#pragma once

#include <memory>
#include <pybind11/pybind11.h>

#include "telemetry/metrics.h"
#include "telemetry/telemetry.h"

namespace pais::bindings {

class Signals {
 public:
  Signals(std::shared_ptr<const telemetry::Telemetry> telemetry, std::shared_ptr<telemetry::Metrics> metrics)
      : telemetry_(std::move(telemetry)), metrics_(std::move(metrics)) {}

  std::shared_ptr<telemetry::SignalSink> sink() const { return telemetry_->sink(); }
  const std::shared_ptr<telemetry::Metrics>& metrics() const { return metrics_; }
  const telemetry::SpanStyle& style() const { return telemetry_->style(); }
  bool keeps(const telemetry::TraceId& trace_id) const { return telemetry_->sampler().keeps(trace_id, std::nullopt); }

 private:
  const std::shared_ptr<const telemetry::Telemetry> telemetry_;
  const std::shared_ptr<telemetry::Metrics> metrics_;
};

void bind_signals(pybind11::module_& module);

}  // namespace pais::bindings
