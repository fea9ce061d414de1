// Which traces are kept: what OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG say.
#pragma once

#include <cstdint>
#include <optional>

#include "base/settings.h"
#include "telemetry/signals.h"
#include "telemetry/trace_context.h"

namespace pais::telemetry {

// A value, for any thread.
class TraceSampler {
 public:
  TraceSampler(Sampler kind, std::optional<double> share);
  explicit TraceSampler(const Settings& settings)
      : TraceSampler(settings.otel_traces_sampler, settings.otel_traces_sampler_arg) {}

  // Whether a span of that trace is kept. `parent_kept` is what the caller's traceparent says; nothing for a root.
  // The shares are taken by the lowest bytes of the trace id, so that all who keep the same share keep the same traces.
  bool keeps(const TraceId& trace_id, std::optional<bool> parent_kept) const;

  // Where a new span stands: below `parent`, or at the root of a new trace when that names none.
  TraceContext place_below(const TraceContext& parent) const;

 private:
  bool is_in_share(const TraceId& trace_id) const;

  bool follows_parent_;
  std::uint64_t limit_;  // of the 64 bits of a trace id that are looked at
  bool all_;
};

}  // namespace pais::telemetry
