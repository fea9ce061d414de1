// How what is done on behalf of a run joins its trace: requests that are made, and code that runs in its tools.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "telemetry/trace_context.h"

namespace pais::telemetry {

// Values of the headers of these names; "" where there is none.
struct TraceHeaders {
  std::string traceparent = {};
  std::string tracestate = {};
  std::string baggage = {};
};

// One run's. From any thread.
class Propagation {
 public:
  virtual ~Propagation() = default;

  // For a request made inside the tool call (or the delegation in it) of that id; "": inside the run as such.
  virtual TraceHeaders headers(std::string_view call_id) const = 0;

  // For the run's request to the model of that step, counted as ModelCallStarted counts them.
  virtual TraceHeaders model_headers(int step) const = 0;

  // The span that other code is in, where it makes spans of its own: of that tool call, or with "" of the run. Nothing
  // where nobody makes any.
  virtual std::optional<TraceContext> inside(std::string_view /*call_id*/) const { return std::nullopt; }

  // Whoever answers a tool call says so here, while the call lasts.
  virtual void served_by(std::string_view /*call_id*/, std::string_view /*mcp_server*/) const {}

  // A producer that tells of what happened later than it happens says here when it does.
  virtual void entered(std::string_view /*call_id*/) const {}
  virtual void left(std::string_view /*call_id*/) const {}
  // ... and which span the request to the model of that step shall be, under which.
  virtual void reserve_model_call(int /*step*/, const SpanId& /*span_id*/, const SpanId& /*parent*/) const {}
};

}  // namespace pais::telemetry
