// Spares a run the calls to another agent that cannot succeed: a step of a turn must not cost the time limit of a call
// each time.
//
// After five failed calls in a row calls are refused at once, for five seconds. Then one call may probe; the others are
// refused until it is back. A probe that is answered lets everybody in again, one that fails begins the five seconds
// anew. One Circuit serves all calls of one agent, from any thread.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>

#include "base/clock.h"

namespace pais::tools::delegation {

class Circuit {
 public:
  static constexpr int kFailuresToOpen = 5;
  static constexpr std::chrono::seconds kRest{5};

  enum class Verdict {
    answered,  // the agent is there
    failed,
    unknown,  // called off: proves nothing
  };

  // Leave to call. Give it back with `leave`.
  struct Pass {
    bool probe = false;
  };

  explicit Circuit(const Clock& clock = Clock::system()) : clock_(clock) {}

  std::optional<Pass> enter();
  // True when this verdict opened the circuit or closed it.
  bool leave(Pass pass, Verdict verdict);
  bool is_open() const;

 private:
  const Clock& clock_;
  mutable std::mutex mutex_;
  // Guarded by mutex_:
  int failures_ = 0;  // in a row
  bool open_ = false;
  bool probing_ = false;
  std::chrono::steady_clock::time_point probe_at_;
};

}  // namespace pais::tools::delegation
