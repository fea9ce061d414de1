#include "memory/event_page.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace pais::memory {
namespace {

using Time = std::chrono::system_clock::time_point;

// So many events of one moment may have been on earlier pages.
constexpr std::size_t kMostSeen = 10'000;

// Where a page of all sessions ends: "<ticks of the clock>/<events of that moment that have been shown>".
struct Place {
  Time time = {};
  std::size_t seen = 0;
};

std::optional<Place> read_place(const std::string& cursor) {
  Time::rep ticks = 0;
  Place place;
  const char* const end = cursor.data() + cursor.size();
  const auto time = std::from_chars(cursor.data(), end, ticks);
  if (time.ec != std::errc() || time.ptr == end || *time.ptr != '/') return std::nullopt;
  const auto seen = std::from_chars(time.ptr + 1, end, place.seen);
  if (seen.ec != std::errc() || seen.ptr != end || place.seen > kMostSeen) return std::nullopt;
  place.time = Time(Time::duration(ticks));
  return place;
}

std::string write_place(const Place& place) {
  return std::to_string(place.time.time_since_epoch().count()) + '/' + std::to_string(place.seen);
}

std::size_t drop_all_but_newest(std::vector<MemoryEvent>& events, std::size_t limit) {
  const std::size_t more = events.size() > limit ? events.size() - limit : 0;
  events.erase(events.begin(), events.begin() + static_cast<std::ptrdiff_t>(more));
  return more;
}

// "" for the first page. Others may name their events as they like; those are cursors as long as they are there.
bool may_be_event_id(std::string_view cursor) {
  return cursor.empty() || cursor.starts_with("event_");
}

Result<EventPage> page_of(Memory& memory, std::string_view session_id, EventQuery query, const std::string& cursor) {
  const std::size_t limit = query.limit++;
  query.before = cursor;
  auto events = memory.events(session_id, query);
  if (!events) return events.error();
  EventPage page{.events = *std::move(events)};
  if (page.events.empty() && !may_be_event_id(cursor)) {
    return Error{.code = Code::invalid_query, .cause = cursor, .param = "cursor"};
  }
  if (drop_all_but_newest(page.events, limit) > 0) page.next = page.events.front().event_id;
  return page;
}

Result<EventPage> page_of_all(Memory& memory, EventQuery query, const std::string& cursor) {
  std::optional<Place> from;
  if (!cursor.empty()) {
    from = read_place(cursor);
    if (!from) return Error{.code = Code::invalid_query, .cause = cursor, .param = "cursor"};
    query.until = from->time;
  }
  const std::size_t limit = query.limit;
  query.limit = limit + 1 + (from ? from->seen : 0);
  auto events = memory.all_events(query);
  if (!events) return events.error();
  EventPage page{.events = *std::move(events)};
  std::size_t shown = 0;
  for (; from && shown < from->seen && !page.events.empty() && page.events.back().timestamp == from->time; ++shown) {
    page.events.pop_back();
  }
  if (drop_all_but_newest(page.events, limit) == 0) return page;

  Place next{.time = page.events.front().timestamp};
  next.seen = static_cast<std::size_t>(std::count_if(page.events.begin(), page.events.end(),
                                                     [&](const auto& event) { return event.timestamp == next.time; }));
  if (from && from->time == next.time) next.seen += shown;
  page.next = write_place(next);
  return page;
}

}  // namespace

Result<EventPage> event_page(Memory& memory, std::string_view session_id, EventQuery query, const std::string& cursor) {
  query.limit = std::max<std::size_t>(query.limit, 1);
  if (session_id.empty()) return page_of_all(memory, std::move(query), cursor);
  return page_of(memory, session_id, std::move(query), cursor);
}

}  // namespace pais::memory
