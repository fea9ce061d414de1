// Where telemetry leaves the process: to a collector by OTLP, to a file of JSON lines, or to both.
#pragma once

#include <chrono>
#include <memory>

#include "base/settings.h"
#include "telemetry/metrics.h"
#include "telemetry/signals.h"

namespace pais::telemetry {

// Takes spans and log records from any thread and sends them from threads of its own, with the numbers of a Metrics at
// their interval. What comes faster than it goes is dropped and counted in `pais.telemetry.dropped`, and so is what a
// collector refuses, or does not take within the time of OTEL_BSP_EXPORT_TIMEOUT. A collector that is away is said
// once in the log, and once more when it is back.
//
// In a forked child everything that is given is dropped, and nothing is waited for.
class Export : public SignalSink {
 public:
  // Sends now all that has been taken, and the metrics. True when every destination has got its share in that time.
  // From any thread.
  virtual bool flush(std::chrono::milliseconds within) = 0;

  // Ends the waiting of every flush, those to come included: somebody is in a hurry. From any thread.
  virtual void hurry() = 0;

  // Sends what is left, for up to three seconds together with the flushes before it that were in vain, and ends: the
  // Metrics are not touched any more, nor what they observe. What comes later is dropped, so that whoever still holds
  // this need not know. Once, from the thread that opened it; the destructor does it where nobody has.
  virtual void close() = 0;
};

// Null when telemetry is off (Settings::telemetry_on). Never fails: a destination that cannot be used is named in the
// log and left out. `metrics` outlives what is returned.
std::shared_ptr<Export> open_export(const Settings& settings, Metrics& metrics);

}  // namespace pais::telemetry
