// A place where threads wait for each other, with a deadline so that a test fails instead of hanging.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace pais::agent {

class MeetingPoint {
 public:
  explicit MeetingPoint(int expected) : missing_(expected) {}

  // Lets everybody go when all are here; false when somebody never came.
  bool meet() {
    std::unique_lock lock(mutex_);
    --missing_;
    all_here_.notify_all();
    return all_here_.wait_for(lock, std::chrono::seconds(30), [this] { return missing_ <= 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable all_here_;
  int missing_;
};

}  // namespace pais::agent
