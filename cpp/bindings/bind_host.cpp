#include "bindings/bind_host.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <pybind11/stl.h>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "base/home_process.h"
#include "base/joined.h"
#include "bindings/bind_messages.h"
#include "bindings/event_dict.h"
#include "bindings/python_host.h"
#include "bindings/raise.h"
#include "bindings/signals.h"
#include "bindings/stores.h"
#include "bindings/unlocked.h"
#include "model/model_source.h"

namespace py = pybind11;

namespace pais::bindings {
namespace {

// A PythonHost as Python holds it.
class Host {
 public:
  explicit Host(HostWish wish) {
    auto made = PythonHost::create(std::move(wish));
    if (auto* problems = std::get_if<Problems>(&made)) throw py::value_error(joined(problems->lines, "\n"));
    host_ = std::move(std::get<std::unique_ptr<PythonHost>>(made));
  }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // Ending waits for threads. In a child that was forked there are none, and nothing to end.
  ~Host() {
    if (!home_.is_here()) {
      host_.release();  // NOLINT: the parent's
      return;
    }
    const py::gil_scoped_release unlocked;
    host_.reset();
  }

  PythonHost* operator->() { return host_.get(); }
  // What a child that was forked would end is its parent's.
  void drain() {
    if (home_.is_here()) host_->drain();
  }
  PythonAgent& agent() { return *host_->agent(); }

  // Whether these are other tools than those of the last time.
  bool offers_anew(std::shared_ptr<const agent::ToolCatalog> catalog) {
    if (catalog == offered_) return false;
    offered_ = std::move(catalog);
    return true;
  }

 private:
  const HomeProcess home_;
  std::unique_ptr<PythonHost> host_;
  std::shared_ptr<const agent::ToolCatalog> offered_;  // guarded by the GIL
};

Code code_named(const std::string& name) {
  for (const CodeFacts& row : all_codes()) {
    if (row.name == name) return row.code;
  }
  return Code::internal;
}

// ------------------------------------------------------------------------------------------- to Python

py::list take(Host& host) {
  py::list messages;
  for (Message& message : host.agent().mailbox().take()) {
    std::visit([&](auto& kind) { messages.append(py::cast(std::move(kind))); }, message);
  }
  return messages;
}

py::list recorded(Host& host) {
  py::list all;
  for (const PythonAgent::Recorded& event : host.agent().recorded()) {
    py::dict dict = event_dict(event.what);
    dict["run"] = event.run_id;
    dict["session"] = event.session_id;
    all.append(std::move(dict));
  }
  return all;
}

// ------------------------------------------------------------------------------------------- from Python

using PlainCall = std::tuple<std::string, std::string, std::string>;  // id, tool, arguments
// role, text, images, calls, id of the call that is answered, its tool
using PlainMessage =
    std::tuple<std::string, std::string, std::vector<std::string>, std::vector<PlainCall>, std::string, std::string>;
using PlainTool = std::tuple<std::string, std::string, std::string, bool>;  // name, description, parameters, output

model::Message::Role role_named(const std::string& name) {
  using Role = model::Message::Role;
  if (name == "system") return Role::system;
  if (name == "assistant") return Role::assistant;
  return name == "tool" ? Role::tool : Role::user;
}

model::Message message_of(PlainMessage plain) {
  auto& [role, text, images, calls, call_id, tool] = plain;
  model::Message message{.role = role_named(role),
                         .text = std::move(text),
                         .images = std::move(images),
                         .calls = {},
                         .call_id = std::move(call_id),
                         .tool = std::move(tool)};
  for (auto& [id, name, arguments] : calls) {
    message.calls.push_back({.id = std::move(id), .tool = std::move(name), .arguments = std::move(arguments)});
  }
  return message;
}

// What is not a number of that name is left out: the model has its own.
model::Sampling sampling_of(const py::dict& settings) {
  model::Sampling sampling;
  const auto take = [&](const char* name, auto& field) {
    using Value = typename std::decay_t<decltype(field)>::value_type;
    if (settings.contains(name) && !settings[name].is_none()) field = settings[name].template cast<Value>();
  };
  take("temperature", sampling.temperature);
  take("top_p", sampling.top_p);
  take("presence_penalty", sampling.presence_penalty);
  take("frequency_penalty", sampling.frequency_penalty);
  take("max_tokens", sampling.max_tokens);
  take("seed", sampling.seed);
  if (settings.contains("stop_sequences")) sampling.stop = settings["stop_sequences"].cast<std::vector<std::string>>();
  return sampling;
}

// The span that a request to the model shall be, and its parent, one behind the other; nothing for one of the host's.
std::optional<PythonAgent::SpanPlace> span_place(const std::string& ids) {
  PythonAgent::SpanPlace place;
  if (ids.size() != place.id.size() + place.parent.size()) return std::nullopt;
  std::ranges::copy_n(ids.begin(), static_cast<std::ptrdiff_t>(place.id.size()), place.id.begin());
  std::ranges::copy_n(ids.begin() + static_cast<std::ptrdiff_t>(place.id.size()),
                      static_cast<std::ptrdiff_t>(place.parent.size()), place.parent.begin());
  return place;
}

void ask(Host& host, RunNumber run, CallNumber call, std::vector<PlainMessage> messages, std::vector<PlainTool> tools,
         bool tool_required, const py::dict& settings, bool stream, const std::string& span) {
  model::Request request{.sampling = sampling_of(settings), .stream = stream};
  request.tool_required = tool_required;
  for (PlainMessage& message : messages) request.messages.push_back(message_of(std::move(message)));
  std::vector<model::ToolOffer> offered;
  std::vector<std::string> outputs;
  for (auto& [name, description, parameters, is_output] : tools) {
    if (is_output) outputs.push_back(name);
    offered.push_back(
        {.name = std::move(name), .description = std::move(description), .parameters = std::move(parameters)});
  }
  request.tools = model::Offers(std::move(offered));
  host.agent().ask(run, call, std::move(request), std::move(outputs), span_place(span));
}

// What the host's tools are, unless they are what they were at the last call.
py::object tools(Host& host) {
  auto catalog = host.agent().tools()->catalog();
  if (!host.offers_anew(catalog)) return py::none();
  py::list all;
  for (const model::ToolOffer& offer : catalog->offers().all()) {
    all.append(py::make_tuple(offer.name, offer.description, offer.parameters));
  }
  return all;
}

void tool_requested(Host& host, RunNumber run, std::string id, std::string tool, std::string arguments, int step) {
  const events::ToolCall call{.id = std::move(id), .tool = std::move(tool), .arguments = std::move(arguments)};
  const bool delegation = call.tool.starts_with(tools::kDelegationPrefix);
  host.agent().note(run, events::ToolCallRequested{.call = call, .step = step, .delegation = delegation});
  host.agent().tell(run, events::ToolCallStarted{.call = call});
}

void tool_ended(Host& host, RunNumber run, std::string id, std::string tool, std::string result, bool is_json,
                bool is_error) {
  host.agent().tell(run, events::ToolCallEnded{.call = {.id = std::move(id), .tool = std::move(tool), .arguments = {}},
                                               .result = std::move(result),
                                               .is_json = is_json,
                                               .is_error = is_error});
}

events::FinishReason finish_named(const std::string& name) {
  if (name == "length") return events::FinishReason::length;
  return name == "content_filter" ? events::FinishReason::content_filter : events::FinishReason::stop;
}

void ended(Host& host, RunNumber run, std::string text, const std::string& finish, std::int64_t input_tokens,
           std::int64_t output_tokens, std::int64_t cached_tokens) {
  const events::Usage usage{
      .input_tokens = input_tokens, .output_tokens = output_tokens, .cached_tokens = cached_tokens};
  host.agent().note(run, events::UsageObserved{.usage = usage, .source = "model"});
  host.agent().tell(
      run, events::TurnEnded{.text = std::move(text), .finish = finish_named(finish), .usage = usage, .error = {}});
}

// What the run has used up to its end: tokens in, tokens out, and those of the input that were cached.
using Used = std::tuple<std::int64_t, std::int64_t, std::int64_t>;

void failed(Host& host, RunNumber run, const std::string& code, std::string cause, std::string param,
            std::optional<int> upstream_status, std::optional<int> retry_after, const Used& used) {
  Error error{.code = code_named(code),
              .cause = std::move(cause),
              .doing = "running the agent",
              .param = std::move(param),
              .upstream_status = upstream_status};
  if (retry_after) error.retry_after = std::chrono::seconds(*retry_after);
  const auto& [input_tokens, output_tokens, cached_tokens] = used;
  const events::Usage usage{
      .input_tokens = input_tokens, .output_tokens = output_tokens, .cached_tokens = cached_tokens};
  host.agent().tell(run, events::TurnEnded{.text = {}, .usage = usage, .error = std::move(error)});
}

void exceeded(Host& host, RunNumber run, const std::string& kind, double limit, double actual) {
  using Kind = events::BudgetExceeded::Kind;
  const Kind which = kind == "tokens" ? Kind::tokens : kind == "tool_calls" ? Kind::tool_calls : Kind::steps;
  host.agent().tell(run, events::BudgetExceeded{.kind = which, .limit = limit, .actual = actual});
}

// ------------------------------------------------------------------------------------------- the host

// Ids as Python's own library has them, which are numbers.
py::object inside(Host& host, RunNumber run, const std::string& call_id) {
  const auto place = host.agent().inside(run, call_id);
  if (!place) return py::none();
  const auto bytes = [](const auto& id) { return py::bytes(reinterpret_cast<const char*>(id.data()), id.size()); };
  return py::make_tuple(bytes(place->trace_id), bytes(place->span_id), place->flags, place->state);
}

std::unique_ptr<Signals> signals_of(Host& host) {
  auto telemetry = host->telemetry();
  return telemetry ? std::make_unique<Signals>(std::move(telemetry), host->metrics()) : nullptr;
}

std::unique_ptr<Host> make_host(std::map<std::string, std::string> settings, std::string env_file,
                                std::string fallback_name, bool listens, bool access_log, const Store* store) {
  return std::make_unique<Host>(HostWish{.settings = std::move(settings),
                                         .env_file = std::move(env_file),
                                         .fallback_name = std::move(fallback_name),
                                         .listens = listens,
                                         .access_log = access_log,
                                         .memory = store != nullptr ? store->shared() : nullptr});
}

void agent_is_ready(Host& host, const std::vector<std::pair<std::string, std::string>>& own_tools, bool has_model) {
  std::vector<tools::Tool> tools;
  for (const auto& [name, description] : own_tools)
    tools.push_back({.name = name, .description = description, .parameters = "{}"});
  host->agent_is_ready(std::move(tools), has_model);
}

// Where the host asks, and with which key; nothing where it has a script, or no model.
std::optional<std::pair<std::string, std::string>> model_server(Host& host) {
  const Settings& settings = host->settings();
  if (!host->has_model() || !settings.debug_mock_responses.empty()) return std::nullopt;
  return std::pair(settings.model_api_url, settings.model_api_key);
}

py::dict facts_of(Host& host) {
  const Settings& settings = host->settings();
  py::list servers;
  for (const auto& server : settings.mcp) servers.append(server.name);
  py::list agents;
  for (const SubAgent& agent : settings.sub_agents) agents.append(agent.name);
  py::dict facts;
  facts["name"] = settings.agent_name;
  facts["model"] = !settings.debug_mock_responses.empty() ? "scripted" : host->has_model() ? settings.model_name : "";
  facts["memory"] = settings.memory() == MemoryType::none    ? "none"
                    : settings.memory() == MemoryType::redis ? "redis"
                                                             : "local";
  facts["auth"] = settings.auth_required;
  facts["mcp_servers"] = servers;
  facts["sub_agents"] = agents;
  facts["has_tools"] = host.agent().tools()->any();
  facts["tool_retries"] = settings.tool_retries;
  facts["tool_timeout"] = std::chrono::duration<double>(settings.tool_timeout).count();
  facts["tool_result_max_bytes"] = settings.tool_result_max_bytes;
  facts["max_steps"] = settings.agentic_loop_max_steps;
  facts["stream_intermediate"] = settings.stream_intermediate;
  return facts;
}

void bind_telling(py::class_<Host>& host) {
  host.def(
          "text",
          [](Host& self, RunNumber run, std::string piece) {
            self.agent().tell(run, events::TextDelta{std::move(piece)});
          },
          py::arg("run"), py::arg("piece"))
      .def(
          "thinking",
          [](Host& self, RunNumber run, std::string piece) {
            self.agent().tell(run, events::ThinkingDelta{std::move(piece)});
          },
          py::arg("run"), py::arg("piece"))
      .def("tool_requested", &tool_requested, py::arg("run"), py::arg("call_id"), py::arg("tool"), py::arg("arguments"),
           py::arg("step"))
      .def("tool_ended", &tool_ended, py::arg("run"), py::arg("call_id"), py::arg("tool"), py::arg("result"),
           py::arg("is_json"), py::arg("is_error"))
      .def("ended", &ended, py::arg("run"), py::arg("text"), py::arg("finish"), py::arg("input_tokens"),
           py::arg("output_tokens"), py::arg("cached_tokens"))
      .def("failed", &failed, py::arg("run"), py::arg("code"), py::arg("cause"), py::arg("param"),
           py::arg("upstream_status") = py::none(), py::arg("retry_after") = py::none(), py::arg("used") = Used{})
      .def("exceeded", &exceeded, py::arg("run"), py::arg("kind"), py::arg("limit"), py::arg("actual"));
}

}  // namespace

void bind_host(py::module_& module) {
  bind_messages(module);
  py::class_<Host> host(module, "Host", "One agent of Python on one HTTP server.");
  host.def(py::init(&make_host), py::arg("settings"), py::arg("env_file") = "", py::arg("fallback_name") = "",
           py::kw_only(), py::arg("listens") = true, py::arg("access_log") = true, py::arg("store") = py::none())
      .def(
          "start",
          [](Host& self) {
            if (auto started = self->start(); !started) throw std::runtime_error(started.error().cause);
          },
          WithoutGil(), "Opens the memory and listens; turns that come wait for the agent.")
      .def_property_readonly("url", [](Host& self) { return self->url(); })
      .def("agent_is_ready", &agent_is_ready, py::arg("own_tools"), py::arg("has_model"))
      .def(
          "adopt", [](Host& self, int socket) { value_or_raise(self->adopt(socket)); }, py::arg("socket"), WithoutGil())
      .def(
          "drain", [](Host& self) { self.drain(); }, WithoutGil(),
          "Ends politely; a second call ends the first at once.")
      .def_property_readonly("facts", &facts_of, "What a person wants to know at the start.")
      .def_property_readonly("has_model", [](Host& self) { return self->has_model(); })
      .def_property_readonly("store", [](Host& self) { return std::make_unique<Store>(self->memory()); })
      .def_property_readonly("model_server", &model_server)
      .def_property_readonly("runs", [](Host& self) { return self.agent().runs(); })
      .def_property_readonly(
          "descriptor", [](Host& self) { return self.agent().mailbox().descriptor(); },
          "Readable when `take` has something.")
      .def("take", &take, "The messages since the last call.")
      .def("record", [](Host& self) { self.agent().record(); })
      .def("recorded", &recorded, "What has happened in the runs since the last call.")
      .def("next_call", [](Host& self) { return self.agent().next_call(); })
      .def("ask", &ask, py::arg("run"), py::arg("call"), py::arg("messages"), py::arg("tools"),
           py::arg("tool_required"), py::arg("settings"), py::arg("stream"), py::arg("span") = "")
      .def("tools", &tools, "The host's tools: name, description, schema. None when they are those of the last call.")
      .def(
          "call_tool",
          [](Host& self, RunNumber run, CallNumber call, std::string id, std::string tool, std::string arguments) {
            self.agent().call_tool(run, call,
                                   {.id = std::move(id), .tool = std::move(tool), .arguments = std::move(arguments)});
          },
          py::arg("run"), py::arg("call"), py::arg("call_id"), py::arg("tool"), py::arg("arguments"))
      .def("inside", &inside, py::arg("run"), py::arg("call_id"),
           "Where code of the run, or of a tool call in it, is: ids of trace and span, flags, state. None untraced.")
      .def(
          "entered", [](Host& self, RunNumber run, const std::string& call_id) { self.agent().entered(run, call_id); },
          py::arg("run"), py::arg("call_id"))
      .def(
          "left", [](Host& self, RunNumber run, const std::string& call_id) { self.agent().left(run, call_id); },
          py::arg("run"), py::arg("call_id"))
      .def_property_readonly("signals", &signals_of, "Where telemetry of Python code goes; None while it is off.")
      .def(
          "drop", [](Host& self, CallNumber call) { self.agent().drop(call); }, py::arg("call"));
  bind_telling(host);
}

}  // namespace pais::bindings
