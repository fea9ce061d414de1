// Alarms request a stop when a moment has come: that is how time limits reach calls that are waiting for somebody else.
//
// From any thread. One thread of their own keeps all alarms; it is started with the first one. What runs there are the
// callbacks of the stops, so these must be quick.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

namespace pais::agent {

class Alarms {
  using Moment = std::chrono::steady_clock::time_point;
  using Key = std::pair<Moment, std::uint64_t>;

 public:
  // Stands as long as it lives. Must not outlive its Alarms.
  class Alarm {
   public:
    Alarm() = default;  // never goes off
    Alarm(Alarm&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)), key_(std::move(other.key_)) {}
    Alarm& operator=(Alarm&&) = delete;
    ~Alarm();

   private:
    friend class Alarms;
    Alarm(Alarms* owner, Key key) : owner_(owner), key_(key) {}

    Alarms* owner_ = nullptr;
    Key key_;
  };

  Alarms() = default;
  ~Alarms();
  Alarms(const Alarms&) = delete;
  Alarms& operator=(const Alarms&) = delete;

  [[nodiscard]] Alarm at(std::chrono::steady_clock::time_point moment, std::stop_source stop);

 private:
  void keep();
  void forget(const Key& key);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Key, std::stop_source> standing_;
  std::uint64_t next_ = 0;
  Moment sleeping_until_ = Moment::max();
  bool closing_ = false;
  std::thread keeper_;
};

}  // namespace pais::agent
