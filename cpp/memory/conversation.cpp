#include "memory/conversation.h"

#include <algorithm>
#include <utility>

#include "memory/event_query.h"

namespace pais::memory {
namespace {

// What a conversation takes beside its events.
constexpr std::size_t kOverhead = 1024;

}  // namespace

std::size_t bytes_of(const MemoryEvent& event) {
  return sizeof(MemoryEvent) + event.event_id.size() + event.content.text.size() + event.mark.run_id.size() +
         event.mark.trace_id.size() + event.mark.span_id.size() + event.more_metadata.size() + event.custom_type.size();
}

Conversation::Conversation(std::uint64_t its_number, const SessionNaming& naming, Time now)
    : number(its_number),
      session_id(naming.session_id),
      last_active(its_number),
      bytes(kOverhead + naming.session_id.size()),
      user_id_(naming.user_id),
      app_name_(naming.app_name),
      created_at_(now),
      updated_at_(now) {}

std::uint64_t Conversation::append(std::vector<MemoryEvent> events, std::size_t max_events, Time now) {
  const std::uint64_t first_new = next_place();
  for (MemoryEvent& event : events) push(std::move(event));
  while (events_.size() > max_events) drop_oldest();
  updated_at_ = now;
  return first_new;
}

void Conversation::push(MemoryEvent event) {
  bytes += bytes_of(event);
  events_.push_back(std::move(event));
  transcript_.add(next_place() - 1, events_.back(), [this](auto place) -> const MemoryEvent& { return at(place); });
}

void Conversation::drop_oldest() {
  bytes -= bytes_of(events_.front());
  transcript_.drop_before(first_ + 1);
  events_.pop_front();
  ++first_;
}

void Conversation::empty(const SessionNaming& naming, Time now) {
  while (!events_.empty()) drop_oldest();
  transcript_.clear();
  user_id_ = naming.user_id;
  app_name_ = naming.app_name;
  created_at_ = now;
  updated_at_ = now;
}

std::vector<events::Utterance> Conversation::history(std::size_t limit, std::string_view except_run,
                                                     Unanswered unanswered) const {
  return transcript_.history(limit, except_run, unanswered,
                             [this](auto place) -> const MemoryEvent& { return at(place); });
}

std::vector<MemoryEvent> Conversation::select(const EventQuery& query) const {
  return select_events(events_, query);
}

SessionInfo Conversation::info() const {
  return {.session_id = session_id,
          .user_id = user_id_,
          .app_name = app_name_,
          .created_at = created_at_,
          .updated_at = updated_at_,
          .events = events_.size()};
}

void Conversation::restore(std::uint64_t place, MemoryEvent event) {
  if (events_.empty()) first_ = place;
  push(std::move(event));
}

void Conversation::restore(Time created_at, Time updated_at) {
  created_at_ = created_at;
  updated_at_ = updated_at;
}

}  // namespace pais::memory
