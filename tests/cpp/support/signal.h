// What one thread of a test tells another.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace pais::test {

inline constexpr std::chrono::seconds kPatience{20};

// Raised once, by any thread; then it stays so.
class Signal {
 public:
  void raise() {
    const std::lock_guard lock(mutex_);
    raised_ = true;
    changed_.notify_all();
  }

  // False when nobody raised it in all that time.
  bool wait(std::chrono::milliseconds within = kPatience) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, within, [this] { return raised_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool raised_ = false;
};

}  // namespace pais::test
