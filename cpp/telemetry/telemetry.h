// What the host tells of its runs, and to whom: the one thing a server opens for it.
//
// Opened once a process, before anything is served, and closed after all is; null where nothing is told, so that who
// holds none pays nothing. From any thread.
#pragma once

#include <chrono>
#include <memory>

#include "base/settings.h"
#include "telemetry/log_listener.h"
#include "telemetry/run_tracer.h"

namespace pais::telemetry {

class Telemetry {
 public:
  // What is logged from now on is told as well. `sink` takes what is told for as long as whoever made it keeps it; then
  // nothing is told any more.
  Telemetry(const Settings& settings, std::weak_ptr<SignalSink> sink);

  // For one run; the caller keeps it until the run is over, and lets it listen.
  std::shared_ptr<RunTracer> trace(TracedRun run) const;

  std::shared_ptr<SignalSink> sink() const { return sink_.lock(); }
  const SpanStyle& style() const { return *style_; }
  const TraceSampler& sampler() const { return sampler_; }

 private:
  const std::weak_ptr<SignalSink> sink_;
  const std::shared_ptr<const SpanStyle> style_;
  const std::shared_ptr<const CommonParts> common_;
  const TraceSampler sampler_;
  const std::shared_ptr<LogListener> log_;
};

}  // namespace pais::telemetry
