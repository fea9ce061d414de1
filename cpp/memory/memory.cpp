#include "memory/memory.h"

#include <optional>
#include <utility>

#include "memory/timeline.h"
#include "memory/transcript.h"

namespace pais::memory {
namespace {

constexpr std::size_t kSessionsAtOnce = 500;

}  // namespace

Result<bool> Memory::add_event(std::string_view session_id, MemoryEvent event) {
  std::vector<MemoryEvent> one;
  one.push_back(std::move(event));
  return add_events(session_id, std::move(one));
}

Result<std::vector<MemoryEvent>> Memory::all_events(const EventQuery& query) {
  const auto walk = [this](const SessionVisit& visit) -> Result<void> {
    SessionQuery some{.limit = kSessionsAtOnce};
    do {
      const auto page = sessions(some);
      if (!page) return page.error();
      for (const std::string& id : page->ids) {
        const auto wants_more = visit(id, std::nullopt);
        if (!wants_more) return wants_more.error();
        if (!*wants_more) return {};
      }
      some.after = page->next;
    } while (!some.after.empty());
    return {};
  };
  return merge_sessions(*this, walk, query);
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
    turn.history = history_of(*events, opening.context_limit, opening.mark.run_id, unanswered_for(opening));
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
