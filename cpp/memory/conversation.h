// One conversation as a process keeps it: the newest events of it, and who it belongs to.
//
// Adding costs the same however much is there; a history costs its messages. The fields under "guarded" belong to
// whoever holds `guard`; the atomics may be read by anybody.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "memory/memory.h"
#include "memory/transcript.h"

namespace pais::memory {

// What an event takes of the byte limit, roughly as the allocator sees it.
std::size_t bytes_of(const MemoryEvent& event);

class Conversation {
 public:
  using Time = std::chrono::system_clock::time_point;

  Conversation(std::uint64_t number, const SessionNaming& naming, Time now);

  const std::uint64_t number;  // grows with the order of creation, never used twice
  const std::string session_id;

  std::atomic<std::uint64_t> last_active;  // grows with every use, over all conversations
  std::atomic<int> pins = 0;               // calls and turns at work on it: not to be evicted
  std::atomic<std::size_t> bytes;

  std::mutex guard;

  // --- guarded ---

  // Appends, drops the oldest events over `max_events`, and returns the place of the first new event.
  std::uint64_t append(std::vector<MemoryEvent> events, std::size_t max_events, Time now);
  void drop_oldest();
  void empty(const SessionNaming& naming, Time now);

  std::vector<events::Utterance> history(std::size_t limit, std::string_view except_run, Unanswered unanswered) const;
  std::vector<MemoryEvent> select(const EventQuery& query) const;
  SessionInfo info() const;

  const std::deque<MemoryEvent>& events() const { return events_; }
  std::uint64_t first_place() const { return first_; }
  std::uint64_t next_place() const { return first_ + events_.size(); }
  const std::string& user_id() const { return user_id_; }
  Time updated_at() const { return updated_at_; }

  // Takes up a conversation that was kept on disk.
  void restore(std::uint64_t place, MemoryEvent event);
  void restore(Time created_at, Time updated_at);

  bool removed = false;  // no longer in the store; whoever still holds it must not add to it

 private:
  const MemoryEvent& at(std::uint64_t place) const { return events_[place - first_]; }
  void push(MemoryEvent event);

  std::string user_id_;
  std::string app_name_;
  Time created_at_;
  Time updated_at_;
  std::deque<MemoryEvent> events_;
  std::uint64_t first_ = 0;  // the place of events_.front()
  Transcript transcript_;
};

}  // namespace pais::memory
