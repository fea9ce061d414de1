// The listener that records a run: calls and results as they happen, the answer or the error at the end.
//
// One Recorder hears one run. It keeps the turn's events to itself and adds them with a single `close_turn` when the
// turn has ended, so that a reader never sees half a turn; the prompt is there already, since `open_turn`. When the
// store fails then, the answer is not lost: a warning goes to the log.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "events/run.h"
#include "memory/memory.h"

namespace pais::memory {

class Recorder : public events::RunListener {
 public:
  // `turn` was opened by `memory`, which must outlive the recorder.
  Recorder(Memory& memory, Turn turn);

  // At TurnEnded this waits for the store.
  void on(const events::RunEvent& event) override;

  // What `close_turn` answered; nothing before TurnEnded.
  const std::optional<Result<void>>& outcome() const { return outcome_; }

 private:
  using Time = std::chrono::system_clock::time_point;

  void requested(const events::ToolCallRequested& request, Time at);
  void ended(const events::ToolCallEnded& call, Time at);
  void ended(const events::TurnEnded& turn, Time at);
  void append(MemoryEvent event);
  bool is_delegation(const std::string& call_id) const;

  Memory& memory_;
  const bool remembers_;
  Turn turn_;
  std::vector<MemoryEvent> events_;
  std::vector<std::string> delegations_;  // ids of the calls that are delegations
  std::optional<Result<void>> outcome_;
};

}  // namespace pais::memory
