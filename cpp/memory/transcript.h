// Which events of a conversation are said to the model again: the prompts and answers of turns that went well.
//
// A Transcript is told of every event as it is added, and of the oldest as it is dropped; it remembers places only,
// never text, so a turn's history costs no more than the messages it returns. Not for several threads at once.
//
// A turn failed when it has an `error` event: all events of its run. Events without a run (of the Python server) form
// turns by their order: a prompt and what follows up to the next prompt.
//
// A prompt whose run has no answer is of a turn that is running, or of one whose host died. Whoever reads for a turn
// that has the session to itself leaves it out, so that the model is not asked two questions in a row. Without a run
// there is no knowing which answer is whose: such prompts are told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "events/values.h"
#include "memory/event.h"

namespace pais::memory {

enum class Unanswered { left_out, told };

struct TurnOpening;
// A serial turn has its session to itself.
Unanswered unanswered_for(const TurnOpening& opening);

class Transcript {
 public:
  using Place = std::uint64_t;  // counts the events of the conversation
  using EventAt = std::function<const MemoryEvent&(Place)>;

  // `place` grows from call to call; `event_at` finds events added before that have not been dropped.
  void add(Place place, const MemoryEvent& event, const EventAt& event_at);

  // Events before `first` are gone.
  void drop_before(Place first);
  void clear();

  // Oldest first, at most `limit` (0: all), never beginning with an answer, nothing of the run `except_run`.
  std::vector<events::Utterance> history(std::size_t limit, std::string_view except_run, Unanswered unanswered,
                                         const EventAt& event_at) const;

 private:
  void fail(Place place, const std::string& run_id, const EventAt& event_at);
  bool has_failed(const std::string& run_id, const EventAt& event_at) const;

  std::deque<Place> said_;        // prompts and answers of turns that have not failed
  std::deque<Place> failures_;    // error events of runs
  bool nameless_failed_ = false;  // the newest turn without a run has failed
};

// The same for events that are all there: how a store reads that keeps nothing of its own.
std::vector<events::Utterance> history_of(std::span<const MemoryEvent> events, std::size_t limit,
                                          std::string_view except_run = {},
                                          Unanswered unanswered = Unanswered::left_out);

}  // namespace pais::memory
