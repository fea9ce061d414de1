#include "agent/call_threads.h"

#include <atomic>
#include <system_error>
#include <utility>

namespace pais::agent {

// The work of one run. Whoever holds it may look for something left to do, also long after the run went away: `work_`
// is only touched by who has taken a piece, and the run waits for those.
class CallThreads::Batch {
 public:
  Batch(std::size_t count, const std::function<void(std::size_t)>& work) : count_(count), work_(&work) {}

  void work_off() {
    for (std::size_t piece = next_++; piece < count_; piece = next_++) {
      (*work_)(piece);
      finish_one();
    }
  }

  void wait_for_all() {
    std::unique_lock lock(mutex_);
    all_done_.wait(lock, [this] { return done_ == count_; });
  }

 private:
  void finish_one() {
    const std::scoped_lock lock(mutex_);
    if (++done_ == count_) all_done_.notify_one();
  }

  const std::size_t count_;
  const std::function<void(std::size_t)>* const work_;
  std::atomic<std::size_t> next_ = 0;
  std::mutex mutex_;
  std::condition_variable all_done_;
  std::size_t done_ = 0;
};

CallThreads::~CallThreads() {
  {
    const std::scoped_lock lock(mutex_);
    closing_ = true;
  }
  wanted_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void CallThreads::side_by_side(std::size_t count, const std::function<void(std::size_t)>& work) {
  const auto batch = std::make_shared<Batch>(count, work);
  if (count > 1) ask_for_help(batch, count - 1);
  batch->work_off();
  batch->wait_for_all();
}

void CallThreads::ask_for_help(const std::shared_ptr<Batch>& batch, std::size_t hands) {
  {
    const std::scoped_lock lock(mutex_);
    waiting_.insert(waiting_.end(), hands, batch);
    while (idle_ < waiting_.size() && threads_.size() < most_ && hire_one()) continue;
  }
  for (std::size_t i = 0; i < hands; ++i) wanted_.notify_one();
}

bool CallThreads::hire_one() {
  try {
    threads_.emplace_back([this] { help(); });
    ++idle_;
    return true;
  } catch (const std::system_error&) {
    return false;  // the system has no more threads to give: those that there are do the work
  }
}

void CallThreads::help() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wanted_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
    --idle_;
    if (closing_) return;
    const std::shared_ptr<Batch> batch = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    batch->work_off();
    lock.lock();
    ++idle_;
  }
}

}  // namespace pais::agent
