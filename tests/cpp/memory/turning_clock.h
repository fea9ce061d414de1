// A clock that tests turn. Every look at it takes a millisecond, so that nothing happens twice at the same time.
#pragma once

#include <atomic>
#include <chrono>

#include "base/clock.h"

namespace pais::memory {

class TurningClock : public Clock {
 public:
  std::chrono::steady_clock::time_point now() const override {
    return std::chrono::steady_clock::time_point(std::chrono::milliseconds(millis_.load()));
  }
  std::chrono::system_clock::time_point wall() const override { return start_ + std::chrono::milliseconds(++millis_); }

  void turn(std::chrono::milliseconds by) { millis_ += by.count(); }

 private:
  const std::chrono::system_clock::time_point start_ =
      std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  mutable std::atomic<std::int64_t> millis_ = 0;
};

}  // namespace pais::memory
