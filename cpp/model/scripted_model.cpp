#include "model/scripted_model.h"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <utility>

#include "nlohmann/json.hpp"

#include "base/json.h"
#include "base/pause.h"
#include "model/call_ids.h"

namespace pais::model {
namespace {

using nlohmann::json;

std::string arguments_of(const json& call) {
  const auto found = call.find("arguments");
  if (found == call.end()) return "{}";
  if (found->is_object()) return dump_json(*found);
  if (!found->is_string()) return "{}";
  const auto inner = parse_json(found->get_ref<const std::string&>());
  return inner && inner->is_object() ? dump_json(*inner) : "{}";
}

std::string id_of(const json& call, const std::string& tool) {
  const auto found = call.find("id");
  if (found != call.end() && found->is_string() && !found->get_ref<const std::string&>().empty()) {
    return found->get<std::string>();
  }
  return "mock_" + tool;
}

// The calls of an answer that is an object with some; none for every other value.
std::vector<events::ToolCall> calls_in(const json& answer) {
  if (!answer.is_object()) return {};
  const auto list = answer.find("tool_calls");
  if (list == answer.end() || !list->is_array()) return {};
  std::vector<events::ToolCall> calls;
  for (const json& call : *list) {
    if (!call.is_object()) continue;
    const auto name = call.find("name");
    if (name == call.end() || !name->is_string()) continue;
    const auto tool = name->get<std::string>();
    calls.push_back({.id = id_of(call, tool), .tool = tool, .arguments = arguments_of(call)});
  }
  return calls;
}

ScriptedAnswer answer_in_text(std::string text) {
  const auto value = parse_json(text);
  auto calls = value ? calls_in(*value) : std::vector<events::ToolCall>{};
  if (calls.empty()) return {.text = std::move(text), .calls = {}};
  return {.text = "", .calls = std::move(calls)};
}

// `raw` is what the value looks like when it is no string.
ScriptedAnswer answer_in_value(const json& value, std::string raw) {
  return answer_in_text(value.is_string() ? value.get<std::string>() : std::move(raw));
}

bool is_space(char c) {
  return std::isspace(static_cast<unsigned char>(c)) != 0;
}

// The first word of `text` with the space around it that belongs to it: words joined give the text again.
std::string_view first_word(std::string_view text) {
  const auto letter = std::find_if_not(text.begin(), text.end(), is_space);
  auto end = std::find_if(letter, text.end(), is_space);
  if (std::find_if_not(end, text.end(), is_space) == text.end()) end = text.end();
  return text.substr(0, static_cast<std::size_t>(end - text.begin()));
}

std::int64_t count_words(std::string_view text) {
  std::int64_t words = 0;
  for (; !text.empty(); text.remove_prefix(first_word(text).size())) ++words;
  return words;
}

std::int64_t words_asked(const Request& request) {
  std::int64_t words = 0;
  for (const Message& message : request.messages) words += count_words(message.text);
  return words;
}

std::int64_t words_answered(const Answer& answer) {
  std::int64_t words = count_words(answer.text);
  for (const events::ToolCall& call : answer.calls) words += 1 + count_words(call.arguments);
  return words;
}

// Waits out the pause before a word, as far as the run's time allows.
Result<void> pause_before_word(std::chrono::milliseconds pause, const Request& request, const std::stop_token& stop) {
  const auto word_at = std::chrono::steady_clock::now() + pause;
  const bool too_late = request.deadline && *request.deadline < word_at;
  if (!pause_until(too_late ? *request.deadline : word_at, stop)) {
    return Error{.code = Code::cancelled, .cause = "stopped within a scripted answer"};
  }
  if (too_late) return Error{.code = Code::model_timeout, .cause = "the run's time is over"};
  return {};
}

}  // namespace

Script read_script(std::string_view value) {
  const auto whole = parse_json(value);
  if (!whole) return {answer_in_text(std::string(value))};
  if (!whole->is_array()) return {answer_in_value(*whole, std::string(value))};
  Script script;
  for (const json& answer : *whole) script.push_back(answer_in_value(answer, dump_json(answer)));
  return script;
}

ScriptedModel::ScriptedModel(std::shared_ptr<const Script> script, std::string name,
                             std::chrono::milliseconds word_delay)
    : script_(std::move(script)), name_(std::move(name)), word_delay_(word_delay) {}

Result<Answer> ScriptedModel::respond(const Request& request, Deltas& deltas, std::stop_token stop) {
  const auto start = std::chrono::steady_clock::now();
  if (stop.stop_requested()) return Error{.code = Code::cancelled, .cause = "stopped before a scripted answer"};

  Answer answer;
  answer.model = name_;
  answer.text = kScriptIsOver;
  if (next_ < script_->size()) {
    answer.text = (*script_)[next_].text;
    answer.calls = (*script_)[next_].calls;
    ++next_;
  }
  make_ids_unique(answer.calls, request.messages);
  answer.usage.input_tokens = std::max<std::int64_t>(words_asked(request), 1);
  answer.usage.output_tokens = std::max<std::int64_t>(words_answered(answer), 1);
  if (!request.stream) return answer;

  std::string_view rest = answer.text;
  while (!rest.empty()) {
    const std::string_view piece = word_delay_.count() > 0 ? first_word(rest) : rest;
    if (auto paused = pause_before_word(word_delay_, request, stop); !paused) return paused.error();
    if (!answer.first_token) answer.first_token = std::chrono::steady_clock::now() - start;
    deltas.text(piece);
    rest.remove_prefix(piece.size());
  }
  return answer;
}

}  // namespace pais::model
