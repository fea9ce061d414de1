#include "memory/memory.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "memory/event_query.h"
#include "memory/transcript.h"

namespace pais::memory {

Result<bool> Memory::add_event(std::string_view session_id, MemoryEvent event) {
  std::vector<MemoryEvent> one;
  one.push_back(std::move(event));
  return add_events(session_id, std::move(one));
}

Result<std::vector<MemoryEvent>> Memory::all_events(const EventQuery& query) {
  const auto everybody = sessions({});
  if (!everybody) return everybody.error();
  EventQuery each = query;
  each.after.clear();
  if (!query.after.empty()) each = {};
  std::vector<MemoryEvent> merged;
  for (const std::string& id : everybody->ids) {
    auto some = events(id, each);
    if (!some) return some.error();
    std::move(some->begin(), some->end(), std::back_inserter(merged));
  }
  std::stable_sort(merged.begin(), merged.end(),
                   [](const MemoryEvent& a, const MemoryEvent& b) { return a.timestamp < b.timestamp; });
  return select_events(merged, query);
}

MemoryEvent prompt_event(const TurnOpening& opening, std::chrono::system_clock::time_point at) {
  const auto type = opening.delegated ? EventType::task_delegation_received : EventType::user_message;
  return make_event(type, {.text = opening.prompt}, opening.mark, at);
}

Result<Turn> open_turn_in_steps(Memory& memory, const TurnOpening& opening) {
  const auto session_id = memory.get_or_create_session({.session_id = opening.session_id});
  if (!session_id) return session_id.error();
  Turn turn{.session_id = *session_id, .mark = opening.mark};
  if (opening.wants_history) {
    const auto events = memory.events(*session_id, {});
    if (!events) return events.error();
    turn.history = history_of(*events, opening.context_limit, opening.mark.run_id);
  }
  const auto known = memory.add_event(*session_id, prompt_event(opening, std::chrono::system_clock::now()));
  if (!known) return known.error();
  return turn;
}

Result<void> close_turn_in_steps(Memory& memory, const Turn& turn, std::vector<MemoryEvent> events) {
  const auto known = memory.add_events(turn.session_id, std::move(events));
  if (!known) return known.error();
  return {};
}

}  // namespace pais::memory
