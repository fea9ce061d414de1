#include "telemetry/span_parts.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "telemetry/message_text.h"

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

// What Logfire reads beside the attributes, to show those that are JSON text as what they are.
void add_schema(AttributeWriter& told, std::string_view schema) {
  told.text("logfire.json_schema", schema);
}

bool is_same(const events::ToolOffer& one, const events::ToolOffer& other) {
  return one.name == other.name && one.description == other.description && one.parameters == other.parameters;
}

}  // namespace

struct CommonParts::ModelCalls {
  std::string model;
  std::string provider;
  std::shared_ptr<const events::ModelServer> server;
  std::vector<events::ToolOffer> tools;
  Part written;

  bool are_like(const events::ModelCallStarted& call) const {
    return model == call.model && provider == call.provider && server == call.server &&
           std::ranges::equal(tools, call.tools, is_same);
  }
};

CommonParts::CommonParts(const SpanStyle& style)
    : name_(style.agent),
      content_(style.content),
      agent_{.name = style.has_plain_names() ? "agent run" : "invoke_agent " + style.agent} {
  AttributeWriter& agent = agent_.attributes;
  agent.text("gen_ai.operation.name", "invoke_agent");
  agent.text("gen_ai.agent.name", name_);
  agent.text("agent_name", name_);
  agent.text("logfire.msg", name_ + " run");
  tool_.text("gen_ai.operation.name", "execute_tool");
  tool_.text("gen_ai.agent.name", name_);
  if (!content_) return;
  add_schema(agent, kAgentSchema);
  add_schema(tool_, style.has_plain_names() ? kPlainToolSchema : kToolSchema);
}

std::shared_ptr<const CommonParts::Part> CommonParts::of_model_call(const events::ModelCallStarted& call) const {
  std::shared_ptr<const ModelCalls> known;
  {
    const std::scoped_lock lock(mutex_);
    known = latest_;
  }
  if (known == nullptr || !known->are_like(call)) {
    auto calls = std::make_shared<ModelCalls>();
    calls->model = call.model;
    calls->provider = call.provider;
    calls->server = call.server;
    calls->tools.assign(call.tools.begin(), call.tools.end());
    calls->written.name = "chat " + call.model;
    AttributeWriter& told = calls->written.attributes;
    told.text("gen_ai.operation.name", "chat");
    told.text("gen_ai.provider.name", call.provider);
    told.text("gen_ai.system", call.provider);
    told.text("gen_ai.request.model", call.model);
    told.text("gen_ai.agent.name", name_);
    if (call.server) {
      told.text("server.address", call.server->address);
      told.whole("server.port", call.server->port);
    }
    if (!call.tools.empty()) told.text("gen_ai.tool.definitions", tool_definitions(call.tools, kLongestValue));
    told.text("model_request_parameters", request_parameters(call.tools, kLongestValue));
    if (content_) add_schema(told, kChatSchema);
    known = std::move(calls);
    const std::scoped_lock lock(mutex_);
    latest_ = known;
  }
  return {known, &known->written};
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
