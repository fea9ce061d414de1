#include "telemetry/message_text.h"

#include <algorithm>

#include "base/json_text.h"

namespace pais::telemetry {
namespace {

using events::Message;
using events::ToolCall;
using events::ToolOffer;

void separate(std::string& out) {
  if (!out.empty() && out.back() != '[' && out.back() != '{') out += ',';
}

// What comes behind it is cut away with the value that holds it.
std::string_view beginning(std::string_view text) {
  constexpr std::size_t kMostOfOne = 64 * 1024;
  return text.substr(0, kMostOfOne);
}

// What most messages take beside their text.
constexpr std::size_t kAround = 96;

std::size_t room_for(std::span<const Message> messages, std::size_t most) {
  std::size_t size = 0;
  for (const Message& message : messages) {
    if (message.role != Message::Role::system) size += kAround + message.text.size();
  }
  return std::min(size, most);
}

void append_field(std::string& out, std::string_view name, std::string_view text) {
  separate(out);
  out += '"';
  out += name;
  out += "\":";
  append_json_string(out, beginning(text));
}

void append_text_part(std::string& out, std::string_view text) {
  separate(out);
  out += R"({"type":"text","content":)";
  append_json_string(out, beginning(text));
  out += '}';
}

// An image that is in the URL itself is named, not held.
void append_image_part(std::string& out, const std::string& url) {
  separate(out);
  if (url.starts_with("data:")) {
    out += R"({"type":"blob","modality":"image")";
    append_field(out, "mime_type", std::string_view(url).substr(5, url.find_first_of(";,") - 5));
  } else {
    out += R"({"type":"uri","modality":"image")";
    append_field(out, "uri", url);
  }
  out += '}';
}

void append_call_part(std::string& out, const ToolCall& call) {
  separate(out);
  out += R"({"type":"tool_call")";
  append_field(out, "id", call.id);
  append_field(out, "name", call.tool);
  append_field(out, "arguments", call.arguments);
  out += '}';
}

void append_answer_part(std::string& out, const Message& message) {
  out += R"({"type":"tool_call_response")";
  append_field(out, "id", message.call_id);
  append_field(out, "name", message.tool);
  append_field(out, "result", message.text);
  out += '}';
}

std::string_view role_of(const Message& message) {
  return message.role == Message::Role::assistant ? "assistant" : "user";
}

void append_parts(std::string& out, const Message& message) {
  if (message.role == Message::Role::tool) return append_answer_part(out, message);
  if (!message.text.empty() || (message.calls.empty() && message.images.empty())) append_text_part(out, message.text);
  for (const std::string& url : message.images) append_image_part(out, url);
  for (const ToolCall& call : message.calls) append_call_part(out, call);
}

void append_tool(std::string& out, const ToolOffer& tool, std::string_view opening, std::string_view schema_name) {
  separate(out);
  out += opening;
  append_field(out, "name", tool.name);
  if (!tool.description.empty()) append_field(out, "description", tool.description);
  if (!tool.parameters.empty()) {
    out += ",\"";
    out += schema_name;
    out += "\":";
    out += tool.parameters;
  }
  out += '}';
}

void append_calls(std::string& out, std::span<const ToolCall> calls) {
  out += R"(,"tool_calls":[)";
  for (const ToolCall& call : calls) {
    separate(out);
    out += "{\"type\":\"function\"";
    append_field(out, "id", call.id);
    out += R"(,"function":{)";
    append_field(out, "name", call.tool);
    append_field(out, "arguments", call.arguments);
    out += "}}";
  }
  out += ']';
}

std::string_view event_role(const Message& message) {
  switch (message.role) {
    case Message::Role::system:
      return "system";
    case Message::Role::assistant:
      return "assistant";
    case Message::Role::tool:
      return "tool";
    case Message::Role::user:
      break;
  }
  return "user";
}

}  // namespace

std::string input_messages(std::span<const Message> messages, std::size_t most) {
  std::string out;
  out.reserve(room_for(messages, most));
  std::string_view role;  // of the message that is open; results that follow each other are one
  for (const Message& message : messages) {
    if (message.role == Message::Role::system) continue;
    if (out.size() > most) break;
    const bool joins = message.role == Message::Role::tool && role == "tool";
    if (!joins) {
      if (!role.empty()) out += "]}";
      separate(out);
      out += R"({"role":")";
      out += role_of(message);
      out += R"(","parts":[)";
    } else {
      separate(out);
    }
    append_parts(out, message);
    role = message.role == Message::Role::tool ? "tool" : "other";
  }
  if (!role.empty()) out += "]}";
  return out;
}

std::string system_instructions(std::span<const Message> messages, std::size_t most) {
  std::string out;
  for (const Message& message : messages) {
    if (message.role != Message::Role::system || message.text.empty() || out.size() > most) continue;
    out.reserve(out.size() + kAround + std::min(message.text.size(), most));
    append_text_part(out, message.text);
  }
  return out;
}

std::string output_message(std::string_view text, std::span<const ToolCall> calls, events::FinishReason finish,
                           std::size_t most) {
  std::string out;
  out.reserve(kAround + std::min(text.size(), most));
  out += R"({"role":"assistant","parts":[)";
  if (!text.empty()) append_text_part(out, text);
  for (const ToolCall& call : calls) {
    if (out.size() > most) break;
    append_call_part(out, call);
  }
  out += R"(],"finish_reason":")";
  out += finish_reason(finish, !calls.empty());
  out += "\"}";
  return out;
}

std::string tool_definitions(std::span<const ToolOffer> tools, std::size_t most) {
  std::string out = "[";
  for (const ToolOffer& tool : tools) {
    if (out.size() > most) break;
    append_tool(out, tool, R"({"type":"function")", "parameters");
  }
  out += ']';
  return out;
}

std::string request_parameters(std::span<const ToolOffer> tools, std::size_t most) {
  std::string out = R"({"function_tools":[)";
  for (const ToolOffer& tool : tools) {
    if (out.size() > most) break;
    append_tool(out, tool, "{", "parameters_json_schema");
  }
  out += R"(],"output_mode":"text","output_tools":[],"allow_text_output":true})";
  return out;
}

std::string message_events(std::span<const Message> messages, std::size_t most) {
  std::string out;
  int index = 0;
  for (const Message& message : messages) {
    if (out.size() > most) break;
    separate(out);
    out += '{';
    append_field(out, "content", message.text);
    append_field(out, "role", event_role(message));
    if (!message.call_id.empty()) append_field(out, "id", message.call_id);
    if (!message.tool.empty()) append_field(out, "name", message.tool);
    if (!message.calls.empty()) append_calls(out, message.calls);
    out += R"(,"gen_ai.message.index":)" + std::to_string(index++);
    append_field(out, "event.name", "gen_ai." + std::string(event_role(message)) + ".message");
    out += '}';
  }
  return out;
}

std::string choice_event(std::string_view text, std::span<const ToolCall> calls, std::size_t most) {
  std::string out = R"({"index":0,"message":{"role":"assistant")";
  if (!text.empty()) append_field(out, "content", text.substr(0, most));
  if (!calls.empty()) append_calls(out, calls);
  out += R"(},"event.name":"gen_ai.choice"})";
  return out;
}

std::string_view finish_reason(events::FinishReason finish, bool called_tools) {
  switch (finish) {
    case events::FinishReason::length:
      return "length";
    case events::FinishReason::content_filter:
      return "content_filter";
    case events::FinishReason::stop:
      break;
  }
  return called_tools ? "tool_call" : "stop";
}

}  // namespace pais::telemetry
