// Spares a server that is down, and its callers, the calls that cannot succeed.
//
// After five failed calls in a row the circuit is open: calls are refused at once for a rest. Then one call may probe;
// the others are refused until it is back. A probe that is answered closes the circuit, one that fails opens it again,
// for twice the time up to the longest rest. A call that was called off, or that ended otherwise without a fault of the
// server's, proves nothing.
//
// One Circuit serves all calls of one server, from any thread.
#pragma once

#include <chrono>
#include <mutex>
#include <utility>

#include "base/clock.h"
#include "base/result.h"

namespace pais {

class Circuit {
 public:
  static constexpr int kFailuresToOpen = 5;

  struct Rests {
    std::chrono::seconds first{2};
    std::chrono::seconds longest{30};
  };

  enum class Verdict { answered, failed, unknown };

  // Leave to call, to be given back with a verdict; without one it counts as unknown.
  class Pass {
   public:
    Pass(Circuit& circuit, bool probe) : circuit_(&circuit), probe_(probe) {}
    Pass(Pass&& other) noexcept : circuit_(std::exchange(other.circuit_, nullptr)), probe_(other.probe_) {}
    Pass& operator=(Pass&&) = delete;
    ~Pass() {
      if (circuit_ != nullptr) circuit_->leave(probe_, Verdict::unknown, {});
    }

    bool is_probe() const { return probe_; }

    // True when this verdict opened the circuit or closed it.
    bool give_back(Verdict verdict, const Error& why = {}) {
      return std::exchange(circuit_, nullptr)->leave(probe_, verdict, why);
    }

   private:
    Circuit* circuit_;
    bool probe_;
  };

  explicit Circuit(Rests rests, const Clock& clock = Clock::system()) : rests_(rests), clock_(clock) {}

  // While open, the error that opened it, with the time left in `retry_after`.
  Result<Pass> enter();

  bool is_open() const;

 private:
  bool leave(bool probe, Verdict verdict, const Error& why);
  bool open_or_count(bool probe, const Error& why);
  Error refusal(std::chrono::steady_clock::time_point now) const;

  const Rests rests_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  // Guarded by mutex_:
  int failures_ = 0;  // in a row
  bool open_ = false;
  bool probing_ = false;
  std::chrono::steady_clock::duration rest_ = rests_.first;
  std::chrono::steady_clock::time_point probe_at_;
  Error last_failure_;
};

}  // namespace pais
