#include "telemetry/span_parts.h"

#include <utility>

#include "base/utf8.h"

namespace pais::telemetry {
namespace {

void cut(std::string& text, std::size_t most) {
  text.resize(text_up_to(text, most).size());
  text.shrink_to_fit();  // queues count what is left
}

}  // namespace

const char* const kAgentSchema = R"({"type":"object","properties":{"pydantic_ai.all_messages":{"type":"array"},)"
                                 R"("gen_ai.system_instructions":{"type":"array"},"final_result":{"type":"object"}}})";
const char* const kChatSchema =
    R"({"type":"object","properties":{"gen_ai.input.messages":{"type":"array"},)"
    R"("gen_ai.output.messages":{"type":"array"},"gen_ai.system_instructions":{"type":"array"},)"
    R"("model_request_parameters":{"type":"object"}}})";
const char* const kToolSchema =
    R"({"type":"object","properties":{"gen_ai.tool.call.arguments":{"type":"object"},)"
    R"("gen_ai.tool.call.result":{"type":"object"},"gen_ai.tool.name":{},"gen_ai.tool.call.id":{}}})";
const char* const kPlainToolSchema =
    R"({"type":"object","properties":{"tool_arguments":{"type":"object"},"tool_response":{"type":"object"},)"
    R"("gen_ai.tool.name":{},"gen_ai.tool.call.id":{}}})";

void add(Span& span, const char* key, Value value) {
  span.attributes.emplace_back(key, std::move(value));
}

void add_count(Span& span, const char* key, std::int64_t count) {
  if (count > 0) add(span, key, count);
}

void add_usage(Span& span, const events::Usage& usage) {
  add_count(span, "gen_ai.usage.input_tokens", usage.input_tokens);
  add_count(span, "gen_ai.usage.output_tokens", usage.output_tokens);
  add_count(span, "gen_ai.usage.cache_read.input_tokens", usage.cached_tokens);
}

void add_text(Span& span, std::string_view key, std::string text) {
  const bool is_long = text.size() > kLongestText;
  if (is_long) cut(text, kLongestText);
  span.attributes.emplace_back(std::string(key), std::move(text));
  if (is_long) span.attributes.emplace_back(std::string(key) + ".truncated", true);
}

void fail(Span& span, std::string_view type, const std::string& text, Time at) {
  const std::string told = text.substr(0, kLongestText);
  span.status = Span::Status::error;
  span.status_message = std::string(type) + (told.empty() ? "" : ": ") + told;
  span.attributes.emplace_back("error.type", std::string(type));
  Span::Event event{.name = "exception", .time = at};
  event.attributes.emplace_back("exception.type", std::string(type));
  if (!told.empty()) event.attributes.emplace_back("exception.message", told);
  span.events.push_back(std::move(event));
}

std::string in_brackets(const std::string& members) {
  std::string list;
  list.reserve(members.size() + 2);
  list += '[';
  list += members;
  list += ']';
  return list;
}

}  // namespace pais::telemetry
