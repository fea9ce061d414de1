// Which events of a conversation a query asks for.
#pragma once

#include <deque>
#include <vector>

#include "memory/memory.h"

namespace pais::memory {

bool is_asked_for(const MemoryEvent& event, const EventQuery& query);

// Chooses among the events of a conversation that are shown to it one by one, the newest first. Holds no more than the
// query's limit.
class EventChoice {
 public:
  explicit EventChoice(const EventQuery& query) : query_(query), has_begun_(query.before.empty()) {}

  bool wants_more() const { return wants_more_; }
  void look_at(const MemoryEvent& event);
  std::vector<MemoryEvent> take();  // oldest first

 private:
  void choose(const MemoryEvent& event);

  const EventQuery& query_;
  std::deque<MemoryEvent> chosen_;  // newest first
  bool has_begun_;                  // false: the event that all are to be before has not been met
  bool wants_more_ = true;
};

// `events` is any sequence, oldest first.
template <typename Events>
std::vector<MemoryEvent> select_events(const Events& events, const EventQuery& query) {
  EventChoice choice(query);
  for (auto at = events.rbegin(); at != events.rend() && choice.wants_more(); ++at) choice.look_at(*at);
  return choice.take();
}

}  // namespace pais::memory
