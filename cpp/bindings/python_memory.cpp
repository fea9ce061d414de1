#include "bindings/python_memory.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "nlohmann/json.hpp"

#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/log.h"
#include "memory/event_query.h"

namespace pais::bindings {
namespace {

using nlohmann::json;

Error no_such_answer(const std::string& method, const std::string& cause) {
  return {.code = Code::memory_unavailable,
          .cause = cause,
          .doing = "reading what '" + method + "' of the agent's own memory answered"};
}

void warn_of_turn_without_history(const Error& error) {
  log::warning("pais.memory", "the turn goes on without history: " + error.describe());
}

json text_or_null(const std::string& text) {
  return text.empty() ? json() : json(text);
}

// Events travel as the JSON text of each, which is how every store keeps them.
std::vector<memory::MemoryEvent> read_events(const std::vector<std::string>& texts) {
  std::vector<memory::MemoryEvent> events;
  events.reserve(texts.size());
  std::size_t skipped = 0;
  for (const std::string& text : texts) {
    if (auto event = memory::read_event(text)) {
      events.push_back(*std::move(event));
    } else {
      ++skipped;
    }
  }
  if (skipped > 0) {
    log::warning("pais.memory",
                 "skipped " + std::to_string(skipped) + " of what the agent's own memory gave: no events");
  }
  return events;
}

memory::SessionInfo read_session(const json& answer) {
  const auto time = [&](const char* key) {
    return read_iso_time(answer.at(key).get_ref<const std::string&>())
        .value_or(std::chrono::system_clock::time_point());
  };
  return {.session_id = answer.at("session_id").get<std::string>(),
          .user_id = answer.at("user_id").get<std::string>(),
          .app_name = answer.at("app_name").get<std::string>(),
          .created_at = time("created_at"),
          .updated_at = time("updated_at"),
          .events = answer.at("events").get<std::size_t>()};
}

}  // namespace

Result<json> PythonMemory::ask(const std::string& method, const json& arguments) {
  auto answer = errands_->run(method, dump_json(arguments));
  reachable_ = static_cast<bool>(answer);
  if (!answer) return answer.error();
  auto value = parse_json(*answer);
  if (!value) return no_such_answer(method, value.error().cause);
  return value;
}

template <typename T>
Result<T> PythonMemory::ask_for(const std::string& method, const json& arguments) {
  const auto value = ask(method, arguments);
  if (!value) return value.error();
  try {
    return value->get<T>();
  } catch (const json::exception& wrong) {
    return no_such_answer(method, wrong.what());
  }
}

// --- a turn ---

Result<memory::Turn> PythonMemory::open_turn(const memory::TurnOpening& opening) {
  // The prompt first, as the user's object may expect: a history leaves the newest prompt out.
  memory::TurnOpening without_history = opening;
  without_history.wants_history = false;
  auto turn = memory::open_turn_in_steps(*this, without_history);
  if (!turn) {
    warn_of_turn_without_history(turn.error());
    return memory::Turn{.session_id = opening.session_id, .mark = opening.mark, .remembered = false};
  }
  if (!opening.wants_history) return turn;
  auto said = history(turn->session_id, opening.context_limit);
  if (said) {
    turn->history = *std::move(said);
  } else {
    warn_of_turn_without_history(said.error());
  }
  return turn;
}

Result<void> PythonMemory::close_turn(memory::Turn turn, std::vector<memory::MemoryEvent> events) {
  if (!turn.remembered) return {};
  return memory::close_turn_in_steps(*this, turn, std::move(events));
}

Result<std::vector<events::Utterance>> PythonMemory::history(std::string_view session_id, std::size_t context_limit) {
  using Said = std::vector<std::pair<bool, std::string>>;
  auto said = ask_for<Said>("build_message_history", json::array({session_id, context_limit}));
  if (!said) return said.error();
  std::vector<events::Utterance> history;
  for (auto& [by_user, text] : *said) {
    history.push_back(
        {.speaker = by_user ? events::Speaker::user : events::Speaker::assistant, .text = std::move(text)});
  }
  return history;
}

// --- sessions and events, one by one ---

Result<std::string> PythonMemory::create_session(const memory::SessionNaming& naming) {
  return ask_for<std::string>("create_session",
                              json::array({naming.app_name, naming.user_id, text_or_null(naming.session_id)}));
}

Result<std::string> PythonMemory::get_or_create_session(const memory::SessionNaming& naming) {
  const std::string session_id = naming.session_id.empty() ? new_session_id() : naming.session_id;
  return ask_for<std::string>("get_or_create_session", json::array({session_id, naming.app_name, naming.user_id}));
}

Result<std::optional<memory::SessionInfo>> PythonMemory::session(std::string_view session_id) {
  const auto answer = ask("get_session", json::array({session_id}));
  if (!answer) return answer.error();
  if (answer->is_null()) return std::optional<memory::SessionInfo>();
  try {
    return std::optional(read_session(*answer));
  } catch (const json::exception& wrong) {
    return no_such_answer("get_session", wrong.what());
  }
}

Result<bool> PythonMemory::add_events(std::string_view session_id, std::vector<memory::MemoryEvent> events) {
  json texts = json::array();
  for (const memory::MemoryEvent& event : events) texts.push_back(memory::event_json(event));
  return ask_for<bool>("add_events", json::array({session_id, std::move(texts)}));
}

Result<std::vector<memory::MemoryEvent>> PythonMemory::events(std::string_view session_id,
                                                              const memory::EventQuery& query) {
  const json types = query.types.empty() ? json() : json(query.types);
  const auto texts = ask_for<std::vector<std::string>>("get_session_events", json::array({session_id, types}));
  if (!texts) return texts.error();
  return memory::select_events(read_events(*texts), query);
}

Result<memory::SessionPage> PythonMemory::sessions(const memory::SessionQuery& query) {
  const json user_id = query.user_id ? json(*query.user_id) : json();
  auto ids = ask_for<std::vector<std::string>>("list_sessions", json::array({user_id}));
  if (!ids) return ids.error();
  if (!query.after.empty()) {
    const auto last = std::find(ids->begin(), ids->end(), query.after);
    ids->erase(ids->begin(), last == ids->end() ? last : std::next(last));
  }
  memory::SessionPage page{.ids = *std::move(ids)};
  if (query.limit != 0 && page.ids.size() > query.limit) {
    page.ids.resize(query.limit);
    page.next = page.ids.back();
  }
  return page;
}

Result<bool> PythonMemory::delete_session(std::string_view session_id) {
  return ask_for<bool>("delete_session", json::array({session_id}));
}

Result<std::size_t> PythonMemory::clear() {
  const auto everybody = sessions({});
  if (!everybody) return everybody.error();
  std::size_t removed = 0;
  for (const std::string& session_id : everybody->ids) {
    const auto existed = delete_session(session_id);
    if (!existed) return existed.error();
    removed += *existed ? 1 : 0;
  }
  return removed;
}

Result<memory::MemoryStats> PythonMemory::stats() {
  const auto answer = ask("get_memory_stats", json::array());
  if (!answer) return answer.error();
  try {
    return memory::MemoryStats{.sessions = answer->at("total_sessions").get<std::size_t>(),
                               .events = answer->at("total_events").get<std::size_t>()};
  } catch (const json::exception& wrong) {
    return no_such_answer("get_memory_stats", wrong.what());
  }
}

Result<std::size_t> PythonMemory::forget_older_than(std::chrono::seconds age) {
  const bool whole_hours = age.count() % 3600 == 0;
  const json hours = whole_hours ? json(age.count() / 3600) : json(static_cast<double>(age.count()) / 3600);
  return ask_for<std::size_t>("cleanup_old_sessions", json::array({hours}));
}

}  // namespace pais::bindings
