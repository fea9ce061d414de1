// What a run hands on to other agents while nobody traces it: the trace of its caller, unchanged.
#pragma once

#include <memory>
#include <string>

#include "http/message.h"
#include "telemetry/propagation.h"

namespace pais::telemetry {

// `headers` are of the request that the run answers; they need not outlive this call. A `traceparent` that is invalid
// is not handed on, and no `tracestate` without one.
std::shared_ptr<const Propagation> handed_on(const http::Headers& headers, std::string session_id);

}  // namespace pais::telemetry
