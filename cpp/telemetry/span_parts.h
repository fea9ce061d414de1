// What the spans of a run are put together from.
#pragma once

#include <cstdint>
#include <string_view>

#include "events/values.h"
#include "telemetry/span_writer.h"

namespace pais::telemetry {

// What Logfire reads beside the attributes, to show those that are JSON text as what they are.
extern const std::string_view kAgentSchema;
extern const std::string_view kChatSchema;
extern const std::string_view kToolSchema;
extern const std::string_view kPlainToolSchema;  // with the names of the first two forms

// Each unless there are none.
void add_usage(AttributeWriter& attributes, const events::Usage& usage);

// Status, `error.type` and an `exception` event. `text` may be "".
void fail(SpanWriter& span, std::string_view type, std::string_view text, Time at);

}  // namespace pais::telemetry
