// pais._core: the host inside a Python process.
//
// The border: who calls in from Python gets plain values; no C++ thread ever waits for the GIL; what blocks gives it
// away first.
#include <map>
#include <memory>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/log.h"
#include "bindings/python_agent.h"
#include "server/app.h"
#include "server/startup.h"

namespace py = pybind11;

namespace pais::bindings {
namespace {

constexpr std::size_t kMostRuns = 256;  // of Python at once, where PAIS_MAX_RUNS says nothing

py::dict build_info() {
  py::dict info;
  info["version"] = PAIS_VERSION;
  info["compiler"] = PAIS_COMPILER;
  info["build_type"] = PAIS_BUILD_TYPE;
  return info;
}

// Python's ValueError, one line a problem.
Loaded read_or_throw(const server::StartupWish& wish) {
  auto read = server::read_startup(wish);
  if (auto* loaded = std::get_if<Loaded>(&read)) return std::move(*loaded);
  std::string text;
  for (const std::string& line : std::get<Problems>(read).lines) text.append(text.empty() ? "" : "\n").append(line);
  throw py::value_error(text);
}

Code code_named(const std::string& name) {
  for (const CodeFacts& row : all_codes()) {
    if (row.name == name) return row.code;
  }
  return Code::internal;
}

py::dict as_dict(const Message& message) {
  py::dict dict;
  dict["run"] = message.run;
  dict["cancel"] = message.cancel;
  if (message.cancel) return dict;
  const agent::RunRequest& request = message.request;
  py::list history;
  for (const events::Utterance& said : request.history) {
    history.append(py::make_tuple(said.speaker == events::Speaker::user, said.text));
  }
  dict["session_id"] = message.session_id;
  dict["prompt"] = request.prompt;
  dict["images"] = request.images;
  dict["history"] = history;
  dict["stream"] = request.stream;
  dict["extra_instructions"] = request.extra_instructions;
  return dict;
}

// One agent of Python on one HTTP server.
class PythonHost {
 public:
  PythonHost(std::map<std::string, std::string> options, std::string env_file, std::string fallback_name)
      : loaded_(read_or_throw({.command_line = std::move(options),
                               .env_file = std::move(env_file),
                               .fallback_name = std::move(fallback_name),
                               .brings_model = true})),
        agent_(std::make_shared<PythonAgent>()) {}

  std::string start(std::size_t own_tools) {
    const Settings& settings = loaded_.settings;
    server::open_log(loaded_);
    server::raise_descriptor_limit();
    auto memory = server::open_memory(settings);
    if (!memory) throw std::runtime_error(memory.error().describe());
    app_ = std::make_unique<server::App>(settings,
                                         server::AppOptions{.host = settings.host,
                                                            .port = static_cast<int>(settings.agent_port),
                                                            .access_log = settings.agent_access_log.value_or(true),
                                                            .default_runs = kMostRuns,
                                                            .brings_model = true},
                                         agent_, *std::move(memory));
    if (auto started = app_->start(); !started) throw std::runtime_error(started.error().cause);
    log::info("pais.server", server::starting_line(settings, app_->port(), own_tools));
    return server::listening_url(settings.host, app_->port());
  }

  void drain() {
    app_->drain();
    agent_->close();
  }

  PythonAgent& agent() { return *agent_; }
  std::string name() const { return loaded_.settings.agent_name; }
  std::int64_t max_steps() const { return loaded_.settings.agentic_loop_max_steps; }

 private:
  const Loaded loaded_;
  const std::shared_ptr<PythonAgent> agent_;
  std::unique_ptr<server::App> app_;
};

py::list take(PythonHost& host) {
  py::list messages;
  for (const Message& message : host.agent().take()) messages.append(as_dict(message));
  return messages;
}

void tell_ended(PythonHost& host, RunNumber run, std::string text, std::int64_t input_tokens,
                std::int64_t output_tokens) {
  host.agent().tell(run, events::TurnEnded{.text = std::move(text),
                                           .usage = {.input_tokens = input_tokens, .output_tokens = output_tokens},
                                           .error = {}});
}

void tell_failed(PythonHost& host, RunNumber run, const std::string& code, std::string cause, std::string param) {
  host.agent().tell(run, events::TurnEnded{.text = {},
                                           .usage = {},
                                           .error = Error{.code = code_named(code),
                                                          .cause = std::move(cause),
                                                          .doing = "running the agent",
                                                          .param = std::move(param)}});
}

void tell_tool_requested(PythonHost& host, RunNumber run, std::string id, std::string tool, std::string arguments,
                         int step) {
  host.agent().tell(run, events::ToolCallRequested{
                             .call = {.id = std::move(id), .tool = std::move(tool), .arguments = std::move(arguments)},
                             .step = step});
}

void tell_tool_ended(PythonHost& host, RunNumber run, std::string id, std::string tool, std::string result,
                     bool is_json, bool is_error) {
  host.agent().tell(run, events::ToolCallEnded{.call = {.id = std::move(id), .tool = std::move(tool), .arguments = {}},
                                               .result = std::move(result),
                                               .is_json = is_json,
                                               .is_error = is_error});
}

}  // namespace
}  // namespace pais::bindings

PYBIND11_MODULE(_core, module) {
  using namespace pais::bindings;  // NOLINT: the whole border is in here
  using pais::events::TextDelta;
  using pais::events::ThinkingDelta;
  using Unlocked = py::call_guard<py::gil_scoped_release>;

  module.doc() = "The C++ core of PAIS.";
  module.def(
      "version", [] { return PAIS_VERSION; }, "The version the core was built as.");
  module.def("build_info", &build_info, "How the core was built: version, compiler, build_type.");
  module.def(
      "log_error", [](const std::string& text) { pais::log::error("pais.agent", text); }, py::arg("text"), Unlocked(),
      "Writes an ERROR line to the host's log.");
  module.def(
      "log_warning", [](const std::string& text) { pais::log::warning("pais.agent", text); }, py::arg("text"),
      Unlocked(), "Writes a WARNING line to the host's log.");

  py::class_<PythonHost>(module, "Host", "One agent of Python on one HTTP server.")
      .def(py::init<std::map<std::string, std::string>, std::string, std::string>(), py::arg("options"),
           py::arg("env_file"), py::arg("fallback_name"))
      .def("start", &PythonHost::start, py::arg("own_tools"), Unlocked(), "Listens; returns the URL.")
      .def("drain", &PythonHost::drain, Unlocked(), "Ends politely; a second call ends the first at once.")
      .def_property_readonly("name", &PythonHost::name)
      .def_property_readonly("max_steps", &PythonHost::max_steps)
      .def_property_readonly(
          "descriptor", [](PythonHost& host) { return host.agent().descriptor(); },
          "Readable when `take` has something.")
      .def("take", &take, "The messages since the last call.")
      .def(
          "text",
          [](PythonHost& host, RunNumber run, std::string piece) {
            host.agent().tell(run, TextDelta{std::move(piece)});
          },
          py::arg("run"), py::arg("piece"))
      .def(
          "thinking",
          [](PythonHost& host, RunNumber run, std::string piece) {
            host.agent().tell(run, ThinkingDelta{std::move(piece)});
          },
          py::arg("run"), py::arg("piece"))
      .def("tool_requested", &tell_tool_requested, py::arg("run"), py::arg("call_id"), py::arg("tool"),
           py::arg("arguments"), py::arg("step"))
      .def("tool_ended", &tell_tool_ended, py::arg("run"), py::arg("call_id"), py::arg("tool"), py::arg("result"),
           py::arg("is_json"), py::arg("is_error"))
      .def("ended", &tell_ended, py::arg("run"), py::arg("text"), py::arg("input_tokens"), py::arg("output_tokens"))
      .def("failed", &tell_failed, py::arg("run"), py::arg("code"), py::arg("cause"), py::arg("param"));
}
