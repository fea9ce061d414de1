// How requests made on behalf of a run join its trace.
#pragma once

#include <string>
#include <string_view>

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
};

}  // namespace pais::telemetry
