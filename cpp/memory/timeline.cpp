#include "memory/timeline.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "memory/event_query.h"

namespace pais::memory {
namespace {

using Time = std::chrono::system_clock::time_point;

// How far the clocks of hosts that share a store may be apart.
constexpr std::chrono::seconds kClocksApart(60);

struct Placed {
  std::string session_id;
  Time stored_by;  // no later than that it was there
  MemoryEvent event;
};

Time earlier(Time time, std::optional<Time> last_active) {
  return last_active ? std::min(time, *last_active) : time;
}

class Row {
 public:
  explicit Row(std::size_t limit) : limit_(limit) {}

  void add(const std::string& session_id, std::optional<Time> last_active, std::vector<MemoryEvent> events) {
    for (MemoryEvent& event : events) {
      row_.push_back({session_id, earlier(event.timestamp, last_active), std::move(event)});
    }
    std::stable_sort(row_.begin(), row_.end(), [](const Placed& a, const Placed& b) {
      return std::tie(a.event.timestamp, a.session_id) < std::tie(b.event.timestamp, b.session_id);
    });
  }

  void keep_newest() {
    if (is_full()) row_.erase(row_.begin(), row_.end() - static_cast<std::ptrdiff_t>(limit_));
  }

  // Beside all those of the moment `from`.
  void keep_oldest_after(Time from) {
    const auto later =
        std::find_if(row_.begin(), row_.end(), [&](const Placed& placed) { return placed.event.timestamp > from; });
    if (limit_ == 0 || static_cast<std::size_t>(row_.end() - later) <= limit_) return;
    row_.erase(later + static_cast<std::ptrdiff_t>(limit_), row_.end());
  }

  // Whether nothing of a session that fell silent then could have a place.
  bool is_past(std::optional<Time> last_active) const {
    return is_full() && last_active && *last_active + kClocksApart < row_.front().stored_by;
  }

  std::vector<MemoryEvent> take() {
    std::vector<MemoryEvent> events;
    events.reserve(row_.size());
    for (Placed& placed : row_) events.push_back(std::move(placed.event));
    return events;
  }

 private:
  bool is_full() const { return limit_ != 0 && row_.size() >= limit_; }

  const std::size_t limit_;
  std::vector<Placed> row_;
};

struct Mark {
  Time time = {};
  Time stored_by = {};
};

Result<std::optional<Mark>> find_mark(Memory& memory, const SessionWalk& walk, const std::string& event_id) {
  std::optional<Mark> mark;
  const auto walked = walk([&](const std::string& session_id, std::optional<Time> last_active) -> Result<bool> {
    const auto events = memory.events(session_id, {});
    if (!events) return events.error();
    const auto found = std::find_if(events->begin(), events->end(),
                                    [&](const MemoryEvent& event) { return event.event_id == event_id; });
    if (found != events->end()) mark = Mark{found->timestamp, earlier(found->timestamp, last_active)};
    return !mark;
  });
  if (!walked) return walked.error();
  return mark;
}

Result<std::vector<MemoryEvent>> newest(Memory& memory, const SessionWalk& walk, const EventQuery& query) {
  const EventQuery each{.types = query.types, .limit = query.limit, .until = query.until};
  Row row(query.limit);
  const auto walked = walk([&](const std::string& session_id, std::optional<Time> last_active) -> Result<bool> {
    if (row.is_past(last_active)) return false;
    auto events = memory.events(session_id, each);
    if (!events) return events.error();
    row.add(session_id, last_active, *std::move(events));
    row.keep_newest();
    return true;
  });
  if (!walked) return walked.error();
  return row.take();
}

// An `after` that is not there was dropped before all the others.
Result<std::vector<MemoryEvent>> following(Memory& memory, const SessionWalk& walk, const EventQuery& query) {
  const auto mark = find_mark(memory, walk, query.after);
  if (!mark) return mark.error();
  const Time from = *mark ? (*mark)->time : Time::min();
  Row row(query.limit);
  const auto walked = walk([&](const std::string& session_id, std::optional<Time> last_active) -> Result<bool> {
    if (*mark && last_active && *last_active + kClocksApart < (*mark)->stored_by) return false;
    auto events = memory.events(session_id, {});
    if (!events) return events.error();
    std::erase_if(*events, [&](const MemoryEvent& event) {
      return event.timestamp < from || (!is_asked_for(event, query) && event.event_id != query.after);
    });
    row.add(session_id, last_active, *std::move(events));
    row.keep_oldest_after(from);
    return true;
  });
  if (!walked) return walked.error();
  return select_events(row.take(), query);
}

}  // namespace

Result<std::vector<MemoryEvent>> merge_sessions(Memory& memory, const SessionWalk& walk, const EventQuery& query) {
  return query.after.empty() ? newest(memory, walk, query) : following(memory, walk, query);
}

}  // namespace pais::memory
