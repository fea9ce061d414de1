#include "bindings/stores.h"

#include <chrono>
#include <cmath>
#include <optional>
#include <pybind11/stl.h>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "bindings/errands.h"
#include "bindings/open_stores.h"
#include "bindings/python_memory.h"
#include "bindings/raise.h"
#include "bindings/unlocked.h"
#include "memory/transcript.h"

namespace py = pybind11;

namespace pais::bindings {
namespace {

using Texts = std::vector<std::string>;
using Said = std::vector<std::pair<bool, std::string>>;                               // by the user? what?
using Session = std::tuple<std::string, std::string, std::string, std::string>;       // as in _core.pyi
using Taken = std::vector<std::tuple<ErrandNumber, bool, std::string, std::string>>;  // as in _core.pyi

constexpr double kMostHours = 24 * 365 * 100.0;
constexpr double kMostPatience = 3600;

OpenStores& open_stores() {
  static OpenStores stores;
  return stores;
}

std::unique_ptr<Store> opened(std::unique_ptr<memory::Memory> memory, Store::Closing closing) {
  std::shared_ptr<memory::Memory> shared = std::move(memory);
  open_stores().add(shared);
  return std::make_unique<Store>(std::move(shared), closing);
}

std::chrono::seconds seconds_of(double hours) {
  if (!(hours >= 0 && hours <= kMostHours)) {
    throw Raised(Error{.code = Code::invalid_value, .cause = "the hours are below 0, or more than a hundred years"});
  }
  return std::chrono::seconds(std::llround(hours * 3600));
}

std::unique_ptr<Store> local_store(std::size_t max_sessions, std::size_t max_session_events, std::size_t max_bytes,
                                   const std::string& path) {
  const memory::LocalOptions options{
      .max_sessions = max_sessions, .max_session_events = max_session_events, .max_bytes = max_bytes};
  if (path.empty()) return std::make_unique<Store>(memory::local_memory(options));
  return opened(value_or_raise(memory::sqlite_memory(path, options)), Store::Closing::lets_go);
}

std::unique_ptr<Store> redis_store(std::string url, std::string prefix, std::string agent, std::size_t max_sessions,
                                   std::size_t max_session_events, double ttl_hours, std::string ca_file) {
  return opened(value_or_raise(memory::redis_memory({.url = std::move(url),
                                                     .prefix = std::move(prefix),
                                                     .agent = std::move(agent),
                                                     .max_sessions = max_sessions,
                                                     .max_session_events = max_session_events,
                                                     .ttl = seconds_of(ttl_hours),
                                                     .ca_file = std::move(ca_file)})),
                Store::Closing::lets_go);
}

// --- values that cross the border ---

std::vector<memory::MemoryEvent> events_of(const Texts& texts) {
  std::vector<memory::MemoryEvent> events;
  events.reserve(texts.size());
  for (const std::string& text : texts) {
    auto event = memory::read_event(text);
    if (!event) throw Raised(event.error().as(Code::invalid_value));
    events.push_back(*std::move(event));
  }
  return events;
}

Texts texts_of(const std::vector<memory::MemoryEvent>& events) {
  Texts texts;
  texts.reserve(events.size());
  for (const memory::MemoryEvent& event : events) texts.push_back(memory::event_json(event));
  return texts;
}

Said said_in(std::vector<events::Utterance> history) {
  Said said;
  said.reserve(history.size());
  for (events::Utterance& utterance : history) {
    said.emplace_back(utterance.speaker == events::Speaker::user, std::move(utterance.text));
  }
  return said;
}

std::optional<Session> session_in(const Store& store, const std::string& session_id) {
  auto session = value_or_raise(store.shared()->session(session_id));
  if (!session) return std::nullopt;
  return Session(std::move(session->user_id), std::move(session->app_name), iso_time(session->created_at),
                 iso_time(session->updated_at));
}

std::shared_ptr<Errands> errands_with_patience(double seconds) {
  if (!(seconds >= 0 && seconds <= kMostPatience)) {
    throw Raised(Error{.code = Code::invalid_value, .cause = "the patience is below 0, or more than an hour"});
  }
  return std::make_shared<Errands>(std::chrono::milliseconds(std::llround(seconds * 1000)));
}

Taken take(Errands& errands) {
  Taken taken;
  for (Errand& errand : errands.take()) {
    taken.emplace_back(errand.number, errand.given_up, std::move(errand.method), std::move(errand.arguments));
  }
  return taken;
}

// --- the classes ---

void bind_factories(py::class_<Store>& store) {
  store.def_static(
      "null", [] { return std::make_unique<Store>(memory::null_memory()); }, "Everything succeeds, nothing is kept.");
  store.def_static("local", &local_store, py::arg("max_sessions"), py::arg("max_session_events"), py::arg("max_bytes"),
                   py::arg("path"), WithoutGil(), "In this process; with a path, kept in a SQLite file.");
  store.def_static("redis", &redis_store, py::arg("url"), py::arg("prefix"), py::arg("agent"), py::arg("max_sessions"),
                   py::arg("max_session_events"), py::arg("ttl_hours"), py::arg("ca_file"), WithoutGil(),
                   "In a Redis, which need not be there yet.");
  store.def_static(
      "of_errands",
      [](std::shared_ptr<Errands> errands) {
        return std::make_unique<Store>(std::make_shared<PythonMemory>(std::move(errands)));
      },
      py::arg("errands").none(false), "A memory written in Python, asked through errands.");
}

void bind_methods(py::class_<Store>& store) {
  store
      .def(
          "create_session",
          [](const Store& s, std::string session_id, std::string app_name, std::string user_id) {
            return value_or_raise(
                s.shared()->create_session({std::move(session_id), std::move(app_name), std::move(user_id)}));
          },
          py::arg("session_id"), py::arg("app_name"), py::arg("user_id"), WithoutGil())
      .def(
          "get_or_create_session",
          [](const Store& s, std::string session_id, std::string app_name, std::string user_id) {
            return value_or_raise(
                s.shared()->get_or_create_session({std::move(session_id), std::move(app_name), std::move(user_id)}));
          },
          py::arg("session_id"), py::arg("app_name"), py::arg("user_id"), WithoutGil())
      .def("session", &session_in, py::arg("session_id"), WithoutGil())
      .def(
          "add_events",
          [](const Store& s, const std::string& session_id, const Texts& events) {
            return value_or_raise(s.shared()->add_events(session_id, events_of(events)));
          },
          py::arg("session_id"), py::arg("events"), WithoutGil())
      .def(
          "events",
          [](const Store& s, const std::string& session_id, Texts types, std::size_t limit) {
            return texts_of(
                value_or_raise(s.shared()->events(session_id, {.types = std::move(types), .limit = limit})));
          },
          py::arg("session_id"), py::arg("types"), py::arg("limit"), WithoutGil())
      .def(
          "history",
          [](const Store& s, const std::string& session_id, std::size_t limit) {
            return said_in(value_or_raise(s.shared()->history(session_id, limit)));
          },
          py::arg("session_id"), py::arg("limit"), WithoutGil())
      .def(
          "sessions",
          [](const Store& s, std::optional<std::string> user_id) {
            return value_or_raise(s.shared()->sessions({.user_id = std::move(user_id)})).ids;
          },
          py::arg("user_id"), WithoutGil())
      .def(
          "delete_session",
          [](const Store& s, const std::string& id) { return value_or_raise(s.shared()->delete_session(id)); },
          py::arg("session_id"), WithoutGil())
      .def(
          "stats",
          [](const Store& s) {
            const auto stats = value_or_raise(s.shared()->stats());
            return std::pair(stats.sessions, stats.events);
          },
          WithoutGil())
      .def(
          "forget_older_than",
          [](const Store& s, double hours) { return value_or_raise(s.shared()->forget_older_than(seconds_of(hours))); },
          py::arg("hours"), WithoutGil())
      .def(
          "close", [](Store& s) { s.close(); }, WithoutGil());
}

void bind_errands(py::module_& module) {
  py::class_<Errands, std::shared_ptr<Errands>>(module, "Errands", "What the host asks of a memory written in Python.")
      .def(py::init(&errands_with_patience), py::arg("patience_seconds") = 10.0)
      .def_property_readonly("descriptor", &Errands::descriptor)
      .def("take", &take)
      .def("done", &Errands::done, py::arg("number"), py::arg("value"))
      .def("failed", &Errands::failed, py::arg("number"), py::arg("cause"))
      .def("open", &Errands::open)
      .def("close", &Errands::close);
}

}  // namespace

Store::~Store() {
  const py::gil_scoped_release unlocked;
  memory_.reset();
}

std::shared_ptr<memory::Memory> Store::shared() const {
  const std::scoped_lock lock(mutex_);
  if (!memory_) throw Raised(Error{.code = Code::memory_unavailable, .cause = "the memory is closed"});
  return memory_;
}

void Store::close() {
  std::shared_ptr<memory::Memory> memory;
  {
    const std::scoped_lock lock(mutex_);
    memory = closing_ == Closing::lets_go ? std::exchange(memory_, nullptr) : memory_;
  }
  if (memory) open_stores().close(*memory);
}

void bind_stores(py::module_& module) {
  bind_exceptions(module);
  bind_errands(module);
  py::class_<Store> store(module, "Store", "A session memory. Every method waits for it, without the GIL.");
  bind_factories(store);
  bind_methods(store);
  module.def(
      "history_of",
      [](const Texts& events, std::size_t limit) { return said_in(memory::history_of(events_of(events), limit)); },
      py::arg("events"), py::arg("limit"), WithoutGil(), "What of these events is said to a model again.");
  py::module_::import("atexit").attr("register")(py::cpp_function([] { open_stores().close_all(); }, WithoutGil()));
}

}  // namespace pais::bindings
