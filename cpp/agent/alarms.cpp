#include "agent/alarms.h"

namespace pais::agent {

Alarms::Alarm::~Alarm() {
  if (owner_ != nullptr) owner_->forget(key_);
}

Alarms::~Alarms() {
  {
    const std::scoped_lock lock(mutex_);
    closing_ = true;
  }
  changed_.notify_one();
  if (keeper_.joinable()) keeper_.join();
}

Alarms::Alarm Alarms::at(Moment moment, std::stop_source stop) {
  const std::scoped_lock lock(mutex_);
  const Key key{moment, next_++};
  standing_.emplace(key, std::move(stop));
  if (!keeper_.joinable()) keeper_ = std::thread([this] { keep(); });
  // The keeper is not woken for an alarm that is later than the moment it wakes up anyway.
  if (moment < sleeping_until_) changed_.notify_one();
  return Alarm(this, key);
}

void Alarms::forget(const Key& key) {
  const std::scoped_lock lock(mutex_);
  standing_.erase(key);
}

void Alarms::keep() {
  std::unique_lock lock(mutex_);
  while (!closing_) {
    if (standing_.empty()) {
      sleeping_until_ = Moment::max();
      changed_.wait(lock);
      continue;
    }
    const auto first = standing_.begin();
    if (first->first.first > std::chrono::steady_clock::now()) {
      sleeping_until_ = first->first.first;
      changed_.wait_until(lock, sleeping_until_);
      continue;
    }
    std::stop_source due = std::move(first->second);
    standing_.erase(first);
    lock.unlock();
    due.request_stop();
    lock.lock();
  }
}

}  // namespace pais::agent
