#include "memory/redis_events.h"

#include <string>
#include <unordered_set>
#include <utility>

#include "base/log.h"

namespace pais::memory {

std::vector<MemoryEvent> read_events(std::span<const RedisReply> items) {
  std::vector<MemoryEvent> events;
  std::unordered_set<std::string> seen;
  std::size_t unreadable = 0;
  std::string why;
  for (const RedisReply& item : items) {
    auto event = read_event(item.text);
    if (!event) {
      ++unreadable;
      why = event.error().describe();
    } else if (seen.insert(event->event_id).second) {
      events.push_back(*std::move(event));
    }
  }
  if (unreadable > 0) {
    log::warning("pais.memory", std::to_string(unreadable) + " stored events cannot be read and are skipped: " + why);
  }
  return events;
}

}  // namespace pais::memory
