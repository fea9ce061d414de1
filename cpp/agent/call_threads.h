// CallThreads lends hands to a run whose model asked for several tools at once.
//
// From any thread. Threads are started when work waits and nobody is idle, up to a limit, and stay for the next run.
// The caller takes part in its own work, so a run goes on even when no other hand is free.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace pais::agent {

class CallThreads {
 public:
  explicit CallThreads(std::size_t most) : most_(most) {}
  ~CallThreads();
  CallThreads(const CallThreads&) = delete;
  CallThreads& operator=(const CallThreads&) = delete;

  // Does `work(0)` to `work(count - 1)`, as many at a time as there are hands, and returns when all are done. `work`
  // must not throw.
  void side_by_side(std::size_t count, const std::function<void(std::size_t)>& work);

 private:
  class Batch;

  void ask_for_help(const std::shared_ptr<Batch>& batch, std::size_t hands);
  bool hire_one();
  void help();

  const std::size_t most_;
  std::mutex mutex_;
  std::condition_variable wanted_;
  std::deque<std::shared_ptr<Batch>> waiting_;  // one entry for each hand asked for
  std::size_t idle_ = 0;
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace pais::agent
