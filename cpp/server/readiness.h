// Whether turns can be run: said by whoever brings the agent, asked by the probes and the chat.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace pais::server {

// From any thread.
class Readiness {
 public:
  enum class State {
    starting,  // the agent is being loaded; a turn that comes waits for it
    no_model,  // nothing to ask: turns are refused
    ready,
  };

  explicit Readiness(State state) : state_(state) {}
  void set(State state) {
    {
      const std::scoped_lock lock(mutex_);
      state_.store(state, std::memory_order_release);
    }
    changed_.notify_all();
  }
  State state() const { return state_.load(std::memory_order_acquire); }

  // Returns when the agent has been loaded, or at `moment`.
  void wait_until_started(std::chrono::steady_clock::time_point moment) const {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, moment, [this] { return state() != State::starting; });
  }

 private:
  std::atomic<State> state_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
};

}  // namespace pais::server
