#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "nlohmann/json.hpp"

#include "base/json.h"
#include "base/trimmed.h"
#include "model/answer_builder.h"
#include "model/call_ids.h"
#include "model/held_deltas.h"
#include "model/string_mode.h"

namespace pais::model {
namespace {

using nlohmann::json;
using Calls = std::vector<TextCall>;
using Offered = std::optional<std::span<const ToolOffer>>;  // absent: any name

constexpr std::string_view kBlank = " \t\r\n";
constexpr std::string_view kFence = "```";
constexpr std::string_view kTagOpen = "<tool_call>";
constexpr std::string_view kTagClose = "</tool_call>";

// A longer text is words, unless it is JSON as a whole. It is also what may be looked at in search of objects, since a
// text that is nothing but braces must not cost its length squared.
constexpr std::size_t kMaxSearched = 2 * 1024 * 1024;

const json* member(const json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

const json* object_member(const json& object, const char* name) {
  const json* const found = member(object, name);
  return found != nullptr && found->is_object() ? found : nullptr;
}

const json* arguments_of(const json& object) {
  const json* const arguments = member(object, "arguments");
  return arguments != nullptr ? arguments : member(object, "parameters");
}

// Arguments may come as JSON text within the JSON; what is no JSON there counts as none.
std::string arguments_text(const json* arguments) {
  if (arguments == nullptr || arguments->is_null()) return "{}";
  if (!arguments->is_string()) return dump_json(*arguments);
  const auto inner = parse_json(arguments->get_ref<const std::string&>());
  return inner && !inner->is_null() ? dump_json(*inner) : "{}";
}

enum class ArgumentsAre { needed, optional };

std::optional<TextCall> call_in(const json& item, ArgumentsAre arguments_are) {
  if (!item.is_object()) return std::nullopt;
  if (const json* inner = object_member(item, "function_call")) return call_in(*inner, ArgumentsAre::optional);
  if (const json* inner = object_member(item, "function")) return call_in(*inner, ArgumentsAre::optional);
  const json* const name = member(item, "name");
  if (name == nullptr || !name->is_string() || name->get_ref<const std::string&>().empty()) return std::nullopt;
  const json* const arguments = arguments_of(item);
  if (arguments == nullptr && arguments_are == ArgumentsAre::needed) return std::nullopt;
  return TextCall{.name = name->get<std::string>(), .arguments = arguments_text(arguments)};
}

Calls calls_in_list(const json& list, ArgumentsAre arguments_are) {
  Calls calls;
  for (const json& item : list) {
    if (auto call = call_in(item, arguments_are)) calls.push_back(std::move(*call));
  }
  return calls;
}

Calls calls_in_value(const json& value) {
  if (value.is_array()) return calls_in_list(value, ArgumentsAre::needed);
  if (!value.is_object()) return {};
  const json* const list = member(value, "tool_calls");
  if (list != nullptr && list->is_array()) return calls_in_list(*list, ArgumentsAre::optional);
  auto call = call_in(value, ArgumentsAre::needed);
  return call ? Calls{std::move(*call)} : Calls{};
}

Calls calls_in_json(std::string_view text) {
  const auto value = parse_json(text);
  return value ? calls_in_value(*value) : Calls{};
}

// Calls found in a text, and whether there is nothing else in it.
struct Found {
  Calls calls;
  bool is_whole_text = false;
};

void append(Calls& calls, Calls more) {
  calls.insert(calls.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

bool is_tag_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

Found in_first_fence(std::string_view text) {
  const auto open = text.find(kFence);
  if (open == std::string_view::npos) return {};
  std::string_view block = text.substr(open + kFence.size());
  const auto close = block.find(kFence);
  if (close == std::string_view::npos) return {};
  const bool is_whole_text = open == 0 && trimmed(block.substr(close + kFence.size())).empty();
  block = block.substr(0, close);
  while (!block.empty() && is_tag_character(block.front())) block.remove_prefix(1);
  return {.calls = calls_in_json(block), .is_whole_text = is_whole_text};
}

Found in_tags(std::string_view text) {
  Found found{.calls = {}, .is_whole_text = true};
  while (true) {
    const auto open = text.find(kTagOpen);
    found.is_whole_text = found.is_whole_text && trimmed(text.substr(0, open)).empty();
    if (open == std::string_view::npos) return found;
    text.remove_prefix(open + kTagOpen.size());
    const auto close = std::min(text.find(kTagClose), text.size());  // models forget the last closing tag
    append(found.calls, calls_in_json(text.substr(0, close)));
    text.remove_prefix(std::min(close + kTagClose.size(), text.size()));
  }
}

Found from_first_to_last_brace(std::string_view text) {
  const auto first = text.find('{');
  const auto last = text.rfind('}');
  if (first == std::string_view::npos || last == std::string_view::npos || last < first) return {};
  return {.calls = calls_in_json(text.substr(first, last - first + 1)), .is_whole_text = false};
}

// How long the object is that may begin with the brace at the front of `text`; 0 when none does. `scanned` grows by
// what was looked at.
std::size_t object_length(std::string_view text, std::size_t& scanned) {
  const auto second = text.find_first_not_of(kBlank, 1);
  if (second == std::string_view::npos || (text[second] != '"' && text[second] != '}')) return 0;
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t at = 0; at < text.size(); ++at, ++scanned) {
    const char c = text[at];
    if (in_string) {
      if (c == '\\') ++at;
      if (c == '"') in_string = false;
      continue;
    }
    if (c == '"') in_string = true;
    if (c == '{') ++depth;
    if (c == '}' && --depth == 0) return at + 1;
  }
  return 0;
}

Found in_each_object(std::string_view text) {
  Found found{.calls = {}, .is_whole_text = true};
  std::size_t scanned = 0;
  while (scanned < kMaxSearched) {
    const auto open = text.find('{');
    found.is_whole_text = found.is_whole_text && trimmed(text.substr(0, open)).empty();
    if (open == std::string_view::npos) return found;
    text.remove_prefix(open);
    const std::size_t length = object_length(text, scanned);
    if (length == 0) {
      found.is_whole_text = false;
      text.remove_prefix(1);
      continue;
    }
    append(found.calls, calls_in_json(text.substr(0, length)));
    text.remove_prefix(length);
  }
  return found;
}

Calls acceptable(Found found, const Offered& offered) {
  if (found.is_whole_text || !offered) return std::move(found.calls);
  std::erase_if(found.calls, [&offered](const TextCall& call) {
    return std::none_of(offered->begin(), offered->end(),
                        [&call](const ToolOffer& tool) { return tool.name == call.name; });
  });
  return std::move(found.calls);
}

Calls calls_in_text(std::string_view text, const Offered& offered) {
  text = trimmed(text);
  if (const auto value = parse_json(text)) return calls_in_value(*value);
  if (text.size() > kMaxSearched) return {};
  for (const auto find : {in_first_fence, in_tags, from_first_to_last_brace, in_each_object}) {
    if (Calls calls = acceptable(find(text), offered); !calls.empty()) return calls;
  }
  return {};
}

std::size_t times_in(const std::vector<events::ToolCall>& calls, std::string_view tool) {
  return static_cast<std::size_t>(
      std::count_if(calls.begin(), calls.end(), [tool](const events::ToolCall& call) { return call.tool == tool; }));
}

std::size_t times_called(std::string_view tool, const std::vector<Message>& messages) {
  std::size_t times = 0;
  for (const Message& message : messages) times += times_in(message.calls, tool);
  return times;
}

}  // namespace

std::vector<TextCall> parse_tool_calls_from_text(std::string_view text, std::span<const ToolOffer> offered) {
  return calls_in_text(text, offered);
}

std::vector<TextCall> parse_tool_calls_from_text(std::string_view text) {
  return calls_in_text(text, std::nullopt);
}

Result<void> read_calls_of_text(Answer& answer, const Request& request) {
  Calls calls = parse_tool_calls_from_text(answer.text, request.tools.all());
  if (calls.empty()) return {};
  if (may_be_tool_call(answer.text)) answer.text.clear();
  for (TextCall& call : calls) {
    const std::size_t number = times_called(call.name, request.messages) + times_in(answer.calls, call.name) + 1;
    answer.calls.push_back({.id = "string_" + call.name + "_" + std::to_string(number),
                            .tool = std::move(call.name),
                            .arguments = std::move(call.arguments)});
  }
  make_ids_unique(answer.calls, request.messages);
  return check_calls(answer.calls);
}

}  // namespace pais::model
