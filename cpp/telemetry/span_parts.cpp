#include "telemetry/span_parts.h"

#include <string>

namespace pais::telemetry {
namespace {

constexpr std::string_view kAgentSchema =
    R"({"type":"object","properties":{"pydantic_ai.all_messages":{"type":"array"},)"
    R"("gen_ai.system_instructions":{"type":"array"},"final_result":{"type":"object"}}})";
constexpr std::string_view kChatSchema =
    R"({"type":"object","properties":{"gen_ai.input.messages":{"type":"array"},)"
    R"("gen_ai.output.messages":{"type":"array"},"gen_ai.system_instructions":{"type":"array"},)"
    R"("model_request_parameters":{"type":"object"}}})";
constexpr std::string_view kToolSchema =
    R"({"type":"object","properties":{"gen_ai.tool.call.arguments":{"type":"object"},)"
    R"("gen_ai.tool.call.result":{"type":"object"},"gen_ai.tool.name":{},"gen_ai.tool.call.id":{}}})";
constexpr std::string_view kPlainToolSchema =
    R"({"type":"object","properties":{"tool_arguments":{"type":"object"},"tool_response":{"type":"object"},)"
    R"("gen_ai.tool.name":{},"gen_ai.tool.call.id":{}}})";

AttributeWriter as_attribute(std::string_view schema) {
  AttributeWriter written(SpanWriter::kAttributes);
  written.text("logfire.json_schema", schema);
  return written;
}

}  // namespace

const AttributeWriter& agent_schema() {
  static const AttributeWriter written = as_attribute(kAgentSchema);
  return written;
}

const AttributeWriter& chat_schema() {
  static const AttributeWriter written = as_attribute(kChatSchema);
  return written;
}

const AttributeWriter& tool_schema() {
  static const AttributeWriter written = as_attribute(kToolSchema);
  return written;
}

const AttributeWriter& plain_tool_schema() {
  static const AttributeWriter written = as_attribute(kPlainToolSchema);
  return written;
}

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
