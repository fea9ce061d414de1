#include "telemetry/span_parts.h"

#include <string>

namespace pais::telemetry {

const std::string_view kAgentSchema =
    R"({"type":"object","properties":{"pydantic_ai.all_messages":{"type":"array"},)"
    R"("gen_ai.system_instructions":{"type":"array"},"final_result":{"type":"object"}}})";
const std::string_view kChatSchema =
    R"({"type":"object","properties":{"gen_ai.input.messages":{"type":"array"},)"
    R"("gen_ai.output.messages":{"type":"array"},"gen_ai.system_instructions":{"type":"array"},)"
    R"("model_request_parameters":{"type":"object"}}})";
const std::string_view kToolSchema =
    R"({"type":"object","properties":{"gen_ai.tool.call.arguments":{"type":"object"},)"
    R"("gen_ai.tool.call.result":{"type":"object"},"gen_ai.tool.name":{},"gen_ai.tool.call.id":{}}})";
const std::string_view kPlainToolSchema =
    R"({"type":"object","properties":{"tool_arguments":{"type":"object"},"tool_response":{"type":"object"},)"
    R"("gen_ai.tool.name":{},"gen_ai.tool.call.id":{}}})";

void add_usage(AttributeWriter& attributes, const events::Usage& usage) {
  const auto add = [&](std::string_view key, std::int64_t count) {
    if (count > 0) attributes.whole(key, count);
  };
  add("gen_ai.usage.input_tokens", usage.input_tokens);
  add("gen_ai.usage.output_tokens", usage.output_tokens);
  add("gen_ai.usage.cache_read.input_tokens", usage.cached_tokens);
}

void fail(SpanWriter& span, std::string_view type, std::string_view text, Time at) {
  std::string message(type);
  if (!text.empty()) message.append(": ").append(beginning_of(text));
  span.status(SpanWriter::Status::error, message);
  span.attributes().text("error.type", type);
  AttributeWriter exception(SpanWriter::kEventAttributes);
  exception.text("exception.type", type);
  if (!text.empty()) exception.text("exception.message", text);
  span.event("exception", at, exception);
}

}  // namespace pais::telemetry
