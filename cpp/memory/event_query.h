// Which events of a list a query asks for.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "memory/memory.h"

namespace pais::memory {

inline bool is_asked_for(const MemoryEvent& event, const EventQuery& query) {
  return query.types.empty() ||
         std::find(query.types.begin(), query.types.end(), type_name(event)) != query.types.end();
}

// `events` is any sequence, oldest first. An `after` that is not in it was dropped before all of them.
template <typename Events>
std::vector<MemoryEvent> select_events(const Events& events, const EventQuery& query) {
  auto begin = events.begin();
  if (!query.after.empty()) {
    const auto mark =
        std::find_if(events.begin(), events.end(), [&](const auto& event) { return event.event_id == query.after; });
    if (mark != events.end()) begin = std::next(mark);
  }
  const std::size_t limit = query.limit == 0 ? events.size() : query.limit;
  std::vector<MemoryEvent> chosen;
  if (!query.after.empty()) {
    for (auto at = begin; at != events.end() && chosen.size() < limit; ++at) {
      if (is_asked_for(*at, query)) chosen.push_back(*at);
    }
    return chosen;
  }
  for (auto at = events.end(); at != begin && chosen.size() < limit;) {
    --at;
    if (is_asked_for(*at, query)) chosen.push_back(*at);
  }
  std::reverse(chosen.begin(), chosen.end());
  return chosen;
}

}  // namespace pais::memory
