#include "bindings/bind_messages.h"

#include <optional>
#include <pybind11/stl.h>
#include <string>
#include <utility>

#include "bindings/mailbox.h"
#include "server/chat_answer.h"

namespace py = pybind11;

namespace pais::bindings {
namespace {

py::dict settings_of(const model::Sampling& sampling) {
  py::dict settings;
  const auto add = [&](const char* name, const auto& value) {
    if (value) settings[name] = *value;
  };
  add("temperature", sampling.temperature);
  add("top_p", sampling.top_p);
  add("presence_penalty", sampling.presence_penalty);
  add("frequency_penalty", sampling.frequency_penalty);
  add("max_tokens", sampling.max_completion_tokens ? sampling.max_completion_tokens : sampling.max_tokens);
  add("seed", sampling.seed);
  if (!sampling.stop.empty()) settings["stop_sequences"] = sampling.stop;
  return settings;
}

void bind_run_begins(py::module_& module) {
  using Request = agent::RunRequest;
  const auto request = [](auto get) { return [get](const RunBegins& begins) { return get(begins.request); }; };
  py::class_<RunBegins>(module, "RunBegins")
      .def_readonly("run", &RunBegins::run)
      .def_readonly("session_id", &RunBegins::session_id)
      .def_property_readonly("prompt", request([](const Request& r) { return r.prompt; }))
      .def_property_readonly("images", request([](const Request& r) { return r.images; }))
      .def_property_readonly("history", request([](const Request& r) {
                               py::list history;
                               for (const events::Utterance& said : r.history) {
                                 history.append(py::make_tuple(said.speaker == events::Speaker::user, said.text));
                               }
                               return history;
                             }))
      .def_property_readonly("stream", request([](const Request& r) { return r.stream; }))
      .def_property_readonly("extra_instructions", request([](const Request& r) { return r.extra_instructions; }))
      .def_property_readonly("model_settings", request([](const Request& r) { return settings_of(r.sampling); }))
      .def_property_readonly("is_traced",
                             request([](const Request& r) { return r.propagation && r.propagation->inside(""); }))
      .def_property_readonly("callers_trace", request([](const Request& r) {
                               if (!r.propagation) return std::pair<std::string, std::string>();
                               auto headers = r.propagation->headers("");
                               return std::pair(std::move(headers.traceparent), std::move(headers.tracestate));
                             }))
      .def_property_readonly("most_tokens", request([](const Request& r) { return r.budget.tokens; }))
      .def_property_readonly("most_steps", request([](const Request& r) { return r.budget.steps; }))
      .def_property_readonly("most_tool_calls", request([](const Request& r) { return r.budget.tool_calls; }));
}

// For the log. It may quote a stranger, and not all bytes of strangers are text.
py::str cause_of(const Error& error) {
  const std::string cause = error.describe();
  PyObject* const text = PyUnicode_DecodeUTF8(cause.data(), static_cast<py::ssize_t>(cause.size()), "replace");
  if (text == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::str>(text);
}

// Of an answer one half is there: what was said, or the error.
void bind_model_answers(py::module_& module) {
  const auto said = [](auto get) { return [get](const ModelAnswers& answers) { return get(*answers.answer); }; };
  const auto wrong = [](auto get) {
    return [get](const ModelAnswers& answers) { return get(answers.answer.error()); };
  };
  py::class_<ModelAnswers>(module, "ModelAnswers")
      .def_readonly("call", &ModelAnswers::call)
      .def_property_readonly("ok", [](const ModelAnswers& answers) { return static_cast<bool>(answers.answer); })
      .def_property_readonly("text", said([](const model::Answer& a) { return a.text; }))
      .def_property_readonly("thinking", said([](const model::Answer& a) { return a.thinking; }))
      .def_property_readonly("calls", said([](const model::Answer& a) {
                               py::list calls;
                               for (const events::ToolCall& call : a.calls) {
                                 calls.append(py::make_tuple(call.id, call.tool, call.arguments));
                               }
                               return calls;
                             }))
      .def_property_readonly("finish", said([](const model::Answer& a) { return server::wire_name(a.finish); }))
      .def_property_readonly("model", said([](const model::Answer& a) { return a.model; }))
      .def_property_readonly("usage", said([](const model::Answer& a) {
                               return py::make_tuple(a.usage.input_tokens, a.usage.output_tokens,
                                                     a.usage.cached_tokens);
                             }))
      .def_property_readonly("error_code", wrong([](const Error& e) { return facts(e.code).name; }))
      .def_property_readonly("error_cause", wrong(cause_of))
      .def_property_readonly("upstream_status", wrong([](const Error& e) { return e.upstream_status; }))
      .def_property_readonly("retry_after", wrong([](const Error& e) {
                               return e.retry_after ? std::optional(e.retry_after->count()) : std::nullopt;
                             }));
}

// Of a result one half is there: what the tool said, or the error.
void bind_tool_answers(py::module_& module) {
  py::class_<ToolAnswers>(module, "ToolAnswers")
      .def_readonly("call", &ToolAnswers::call)
      .def_property_readonly("ok", [](const ToolAnswers& answers) { return static_cast<bool>(answers.result); })
      .def_property_readonly("content", [](const ToolAnswers& answers) { return answers.result->content; })
      .def_property_readonly(
          "wants_retry",
          [](const ToolAnswers& answers) { return answers.result->is_error && answers.result->counts_as_retry; })
      .def_property_readonly("error_code",
                             [](const ToolAnswers& answers) { return facts(answers.result.error().code).name; })
      .def_property_readonly("error_cause",
                             [](const ToolAnswers& answers) { return cause_of(answers.result.error()); });
}

}  // namespace

void bind_messages(py::module_& module) {
  bind_run_begins(module);
  bind_tool_answers(module);
  py::class_<RunIsCancelled>(module, "RunIsCancelled").def_readonly("run", &RunIsCancelled::run);
  py::class_<ModelSays>(module, "ModelSays")
      .def_readonly("call", &ModelSays::call)
      .def_readonly("piece", &ModelSays::piece)
      .def_readonly("thinking", &ModelSays::thinking);
  bind_model_answers(module);
}

}  // namespace pais::bindings
