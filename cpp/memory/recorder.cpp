#include "memory/recorder.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "nlohmann/json.hpp"

#include "base/json.h"
#include "base/log.h"
#include "base/utf8.h"

namespace pais::memory {
namespace {

constexpr std::size_t kMaxPartialBytes = 4 * 1024;

// A run that calls tools for ever keeps the newest of them.
constexpr std::size_t kMaxTurnEvents = 1000;

// What could be JSON by its first character; the rest need not be tried. Longer text is cut when it is stored, and
// stays text.
bool may_be_json(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text.size() <= kMaxContentBytes &&
         std::string_view("{[\"-0123456789tfn").find(text[first]) != std::string_view::npos;
}

// The JSON in a text, when there is some; else the text.
nlohmann::json value_of(const std::string& text) {
  if (!may_be_json(text)) return text;
  auto value = parse_json(text);
  if (!value) return text;
  return std::move(*value);
}

// Models write `{}` for "no arguments", or nothing. What is no object stays what the model wrote.
nlohmann::json arguments_of(const std::string& text) {
  nlohmann::json value = value_of(text);
  if (value.is_object()) return value;
  return text;
}

EventContent content_of(const nlohmann::ordered_json& object) {
  using nlohmann::ordered_json;
  return {.text = object.dump(-1, ' ', false, ordered_json::error_handler_t::replace), .is_json = true};
}

}  // namespace

Recorder::Recorder(Memory& memory, Turn turn)
    : memory_(memory), remembers_(memory.remembers()), turn_(std::move(turn)) {}

void Recorder::on(const events::RunEvent& event) {
  if (!remembers_) return;
  std::visit(events::Overloaded{[&](const events::ToolCallRequested& request) { requested(request, event.time); },
                                [&](const events::ToolCallEnded& call) { ended(call, event.time); },
                                [&](const events::TurnEnded& turn) { ended(turn, event.time); },
                                [](const events::TurnStarted&) {},  // its prompt was stored when the turn was opened
                                [](const events::ModelCallStarted&) {}, [](const events::ModelCallEnded&) {},
                                [](const events::TextDelta&) {}, [](const events::ThinkingDelta&) {},
                                [](const events::ToolCallStarted&) {}, [](const events::ToolCallProgressed&) {},
                                [](const events::DelegationStarted&) {}, [](const events::DelegationProgressed&) {},
                                [](const events::DelegationEnded&) {},  // is the result of its tool call
                                [](const events::UsageObserved&) {}, [](const events::MemoryTouched&) {},
                                [](const events::BudgetExceeded&) {}},
             event.what);
}

void Recorder::requested(const events::ToolCallRequested& request, Time at) {
  if (request.delegation) delegations_.push_back(request.call.id);
  nlohmann::ordered_json content;
  content["tool"] = request.call.tool;
  content["arguments"] = arguments_of(request.call.arguments);
  const auto type = request.delegation ? EventType::delegation_request : EventType::tool_call;
  append(make_event(type, content_of(content), turn_.mark, at));
}

void Recorder::ended(const events::ToolCallEnded& call, Time at) {
  nlohmann::ordered_json content;
  content["tool"] = call.call.tool;
  content["result"] = value_of(call.result);
  if (call.is_error || call.is_retry) content["is_error"] = true;
  const auto type = is_delegation(call.call.id) ? EventType::delegation_response : EventType::tool_result;
  append(make_event(type, content_of(content), turn_.mark, at));
}

void Recorder::ended(const events::TurnEnded& turn, Time at) {
  if (!turn.error) {
    append(make_event(EventType::agent_response, {.text = turn.text}, turn_.mark, at));
  } else {
    MemoryEvent error = make_event(EventType::error, {.text = turn.error->message()}, turn_.mark, at);
    add_metadata(error, "code", facts(turn.error->code).name);
    if (turn.error->code == Code::cancelled && !turn.text.empty()) {
      add_metadata(error, "partial", text_up_to(turn.text, kMaxPartialBytes));
    }
    append(std::move(error));
  }
  outcome_ = memory_.close_turn(std::move(turn_), std::move(events_));
  if (*outcome_) return;
  log::warning("pais.memory", "the turn was answered, but not remembered: " + outcome_->error().describe());
}

void Recorder::append(MemoryEvent event) {
  if (events_.size() == kMaxTurnEvents) events_.erase(events_.begin(), events_.begin() + kMaxTurnEvents / 2);
  events_.push_back(std::move(event));
}

bool Recorder::is_delegation(const std::string& call_id) const {
  return std::find(delegations_.begin(), delegations_.end(), call_id) != delegations_.end();
}

}  // namespace pais::memory
