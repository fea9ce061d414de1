// Whether turns can be run: said by whoever brings the agent, asked by the probes and the chat.
#pragma once

#include <atomic>

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
  void set(State state) { state_.store(state, std::memory_order_release); }
  State state() const { return state_.load(std::memory_order_acquire); }

 private:
  std::atomic<State> state_;
};

}  // namespace pais::server
