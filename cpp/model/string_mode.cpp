#include "model/string_mode.h"

#include <utility>

#include "nlohmann/json.hpp"

#include "base/json.h"
#include "base/json_text.h"

namespace pais::model {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view kHead =
    "You can use tools. To use them, answer with nothing but a JSON object of this form:\n"
    R"({"tool_calls": [{"name": "tool_name", "arguments": {"arg1": "value1"}}]})"
    "\n\nAvailable tools:\n";

constexpr std::string_view kTail =
    "\n\nWhen you call tools, that JSON object must be your whole answer, with no other text around it. To call "
    "several "
    "tools at once, put several entries into the array. When you need no tool, answer in plain text without JSON: that "
    "is taken as your final answer.";

// The members of an object in the order they were written; an empty object for everything else.
ordered_json read_object(std::string_view text) {
  if (!parse_json(text)) return ordered_json::object();  // for its limits
  auto value = ordered_json::parse(text, nullptr, false);
  return value.is_object() ? value : ordered_json::object();
}

const ordered_json* member(const ordered_json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

std::string type_of(const ordered_json& property) {
  const auto* const type = property.is_object() ? member(property, "type") : nullptr;
  if (type == nullptr) return "any";
  if (type->is_string()) return type->get<std::string>();
  std::string names;
  if (type->is_array()) {
    for (const auto& name : *type) {
      if (name.is_string()) names += (names.empty() ? "" : " or ") + name.get<std::string>();
    }
  }
  return names.empty() ? "any" : names;
}

bool is_required(const ordered_json& schema, const std::string& name) {
  const auto* const required = member(schema, "required");
  if (required == nullptr || !required->is_array()) return false;
  for (const auto& entry : *required) {
    if (entry == name) return true;
  }
  return false;
}

std::string describe_parameter(const ordered_json& schema, const std::string& name, const ordered_json& property) {
  std::string line = "\n    - " + name + ": " + type_of(property);
  if (is_required(schema, name)) line += " (required)";
  const auto* const description = property.is_object() ? member(property, "description") : nullptr;
  if (description != nullptr && description->is_string()) line += " — " + description->get<std::string>();
  return line;
}

std::string describe(const ToolOffer& tool) {
  std::string text = "- " + tool.name + ": " + (tool.description.empty() ? "No description" : tool.description);
  const auto schema = read_object(tool.parameters);
  const auto* const properties = member(schema, "properties");
  if (properties == nullptr || !properties->is_object() || properties->empty()) return text;
  text += "\n  Parameters:";
  for (const auto& [name, property] : properties->items()) text += describe_parameter(schema, name, property);
  return text;
}

// What a model is to write for this call, with its arguments as they are if they are an object.
std::string in_words(const events::ToolCall& call) {
  const auto arguments = parse_json(call.arguments);
  std::string text = R"({"tool_calls": [{"name": )";
  append_json_string(text, call.tool);
  text += R"(, "arguments": )";
  text += arguments && arguments->is_object() ? call.arguments : "{}";
  return text + "}]}";
}

void append_in_words(std::vector<Message>& out, const Message& message) {
  if (message.role == Message::Role::tool) {
    out.push_back({.role = Message::Role::user, .text = "Tool result: " + message.text});
    return;
  }
  if (message.calls.empty()) {
    out.push_back(message);
    return;
  }
  if (!message.text.empty()) out.push_back({.role = message.role, .text = message.text});
  for (const events::ToolCall& call : message.calls) out.push_back({.role = message.role, .text = in_words(call)});
}

}  // namespace

std::string build_tool_descriptions(std::span<const ToolOffer> tools) {
  std::string text;
  for (const ToolOffer& tool : tools) text += (text.empty() ? "" : "\n") + describe(tool);
  return text;
}

std::string tool_prompt(std::string_view descriptions) {
  std::string prompt(kHead);
  prompt += descriptions;
  prompt += kTail;
  return prompt;
}

std::vector<Message> string_mode_messages(const std::vector<Message>& messages, std::string_view prompt) {
  Message system{.role = Message::Role::system};
  const auto join = [&system](std::string_view text) {
    if (text.empty()) return;
    if (!system.text.empty()) system.text += "\n\n";
    system.text += text;
  };
  std::size_t next = 0;
  while (next < messages.size() && messages[next].role == Message::Role::system) join(messages[next++].text);
  join(prompt);

  std::vector<Message> out;
  out.reserve(messages.size() + 1);
  if (!system.text.empty()) out.push_back(std::move(system));
  for (; next < messages.size(); ++next) append_in_words(out, messages[next]);
  return out;
}

}  // namespace pais::model
