// Events page by page, from the newest back to the oldest, for somebody who comes back for more.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "memory/memory.h"

namespace pais::memory {

struct EventPage {
  std::vector<MemoryEvent> events = {};  // oldest first
  std::string next = {};                 // the cursor of the page before it in time; "" when there is none
};

// Of one session, or with "" of all, merged by their time. `query.limit` is the length of a page (1 or more). Events
// that come in between the pages disturb nothing; what is dropped in the meantime is on no later page. invalid_query
// when `cursor` is none of ours.
Result<EventPage> event_page(Memory& memory, std::string_view session_id, EventQuery query, const std::string& cursor);

}  // namespace pais::memory
