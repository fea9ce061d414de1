#include "memory/event_query.h"

#include <algorithm>
#include <iterator>

namespace pais::memory {

bool is_asked_for(const MemoryEvent& event, const EventQuery& query) {
  if (query.until && event.timestamp > *query.until) return false;
  return query.types.empty() ||
         std::find(query.types.begin(), query.types.end(), type_name(event)) != query.types.end();
}

void EventChoice::look_at(const MemoryEvent& event) {
  if (!query_.after.empty() && event.event_id == query_.after) {
    wants_more_ = false;
  } else if (!has_begun_) {
    has_begun_ = event.event_id == query_.before;
  } else if (is_asked_for(event, query_)) {
    choose(event);
  }
}

void EventChoice::choose(const MemoryEvent& event) {
  chosen_.push_back(event);
  if (query_.limit == 0 || chosen_.size() < query_.limit) return;
  if (query_.after.empty()) {
    wants_more_ = false;
  } else if (chosen_.size() > query_.limit) {
    chosen_.pop_front();
  }
}

std::vector<MemoryEvent> EventChoice::take() {
  return {std::make_move_iterator(chosen_.rbegin()), std::make_move_iterator(chosen_.rend())};
}

}  // namespace pais::memory
