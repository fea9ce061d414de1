// What the spans of a run are put together from.
#pragma once

#include <cstdint>
#include <string_view>

#include "events/values.h"
#include "telemetry/span_writer.h"

namespace pais::telemetry {

// What Logfire reads beside the attributes, to show those that are JSON text as what they are: one attribute of a span.
const AttributeWriter& agent_schema();
const AttributeWriter& chat_schema();
const AttributeWriter& tool_schema();
const AttributeWriter& plain_tool_schema();  // with the names of the first two forms

// Each unless there are none.
void add_usage(AttributeWriter& attributes, const events::Usage& usage);

// Status, `error.type` and an `exception` event. `text` may be "".
void fail(SpanWriter& span, std::string_view type, std::string_view text, Time at);

}  // namespace pais::telemetry
