#include "bindings/event_dict.h"

#include <pybind11/stl.h>
#include <string>
#include <variant>

#include "base/error.h"
#include "server/chat_answer.h"

namespace py = pybind11;

namespace pais::bindings {
namespace {

using events::Usage;

py::dict dict_of(const Usage& usage) {
  py::dict dict;
  dict["input_tokens"] = usage.input_tokens;
  dict["output_tokens"] = usage.output_tokens;
  dict["cached_tokens"] = usage.cached_tokens;
  return dict;
}

py::object code_of(const std::optional<Error>& error) {
  if (!error) return py::none();
  return py::str(std::string(facts(error->code).name));
}

std::string_view name_of(events::BudgetExceeded::Kind kind) {
  using Kind = events::BudgetExceeded::Kind;
  switch (kind) {
    case Kind::tokens:
      return "tokens";
    case Kind::tool_calls:
      return "tool_calls";
    case Kind::wall_clock:
      return "wall_clock";
    case Kind::steps:
      break;
  }
  return "steps";
}

py::dict dict_of(const char* what, const events::ToolCall& call) {
  py::dict dict;
  dict["what"] = what;
  dict["id"] = call.id;
  dict["tool"] = call.tool;
  dict["arguments"] = call.arguments;
  return dict;
}

py::dict dict_of(const char* what) {
  py::dict dict;
  dict["what"] = what;
  return dict;
}

}  // namespace

py::dict event_dict(const events::Happening& what) {
  return std::visit(
      events::Overloaded{[](const events::TurnStarted& turn) {
                           py::dict dict = dict_of("turn_started");
                           dict["prompt"] = turn.prompt;
                           dict["delegated"] = turn.delegated;
                           return dict;
                         },
                         [](const events::TurnEnded& turn) {
                           py::dict dict = dict_of("turn_ended");
                           dict["text"] = turn.text;
                           dict["finish"] = server::wire_name(turn.finish);
                           dict["usage"] = dict_of(turn.usage);
                           dict["error"] = code_of(turn.error);
                           return dict;
                         },
                         [](const events::ModelCallStarted& call) {
                           py::dict dict = dict_of("model_call_started");
                           dict["step"] = call.step;
                           dict["model"] = call.model;
                           return dict;
                         },
                         [](const events::ModelCallEnded& call) {
                           py::dict dict = dict_of("model_call_ended");
                           dict["step"] = call.step;
                           dict["model"] = call.model;
                           dict["usage"] = dict_of(call.usage);
                           dict["error"] = code_of(call.error);
                           return dict;
                         },
                         [](const events::TextDelta& delta) {
                           py::dict dict = dict_of("text_delta");
                           dict["text"] = delta.text;
                           return dict;
                         },
                         [](const events::ThinkingDelta& delta) {
                           py::dict dict = dict_of("thinking_delta");
                           dict["text"] = delta.text;
                           return dict;
                         },
                         [](const events::ToolCallRequested& request) {
                           py::dict dict = dict_of("tool_call_requested", request.call);
                           dict["step"] = request.step;
                           return dict;
                         },
                         [](const events::ToolCallStarted& call) { return dict_of("tool_call_started", call.call); },
                         [](const events::ToolCallProgressed& progress) {
                           py::dict dict = dict_of("tool_call_progressed");
                           dict["id"] = progress.call_id;
                           dict["tool"] = progress.tool;
                           dict["fraction"] = progress.so_far.fraction;
                           dict["message"] = progress.so_far.message;
                           return dict;
                         },
                         [](const events::ToolCallEnded& ended) {
                           py::dict dict = dict_of("tool_call_ended", ended.call);
                           dict["result"] = ended.result;
                           dict["is_json"] = ended.is_json;
                           dict["is_error"] = ended.is_error;
                           return dict;
                         },
                         [](const events::DelegationStarted& delegation) {
                           py::dict dict = dict_of("delegation_started");
                           dict["agent"] = delegation.agent;
                           dict["task"] = delegation.task;
                           return dict;
                         },
                         [](const events::DelegationProgressed& progress) {
                           py::dict dict = dict_of("delegation_progressed");
                           dict["agent"] = progress.agent;
                           dict["target"] = progress.target;
                           return dict;
                         },
                         [](const events::DelegationEnded& delegation) {
                           py::dict dict = dict_of("delegation_ended");
                           dict["agent"] = delegation.agent;
                           dict["result"] = delegation.result;
                           dict["usage"] = dict_of(delegation.usage);
                           dict["is_error"] = delegation.is_error;
                           return dict;
                         },
                         [](const events::UsageObserved& observed) {
                           py::dict dict = dict_of("usage_observed");
                           dict["usage"] = dict_of(observed.usage);
                           return dict;
                         },
                         [](const events::MemoryTouched& touched) {
                           py::dict dict = dict_of("memory_touched");
                           dict["items"] = touched.items;
                           return dict;
                         },
                         [](const events::BudgetExceeded& exceeded) {
                           py::dict dict = dict_of("budget_exceeded");
                           dict["kind"] = name_of(exceeded.kind);
                           dict["limit"] = exceeded.limit;
                           dict["actual"] = exceeded.actual;
                           return dict;
                         }},
      what);
}

}  // namespace pais::bindings
