#include "memory/turn_queue.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

namespace pais::memory {
namespace {

// Calls what is to be called on this thread, one after another: a callback that drops its lease at once would
// otherwise call the next from within itself, and a long line would eat up the stack.
void call_in_turn(std::function<void()> call) {
  thread_local bool calling = false;
  thread_local std::deque<std::function<void()>> waiting;
  waiting.push_back(std::move(call));
  if (calling) return;
  calling = true;
  while (!waiting.empty()) {
    const auto next = std::move(waiting.front());
    waiting.pop_front();
    next();
  }
  calling = false;
}

}  // namespace

// Who waits for which session. A session that is in the map has a turn running.
class TurnQueue::Lease::Line : public std::enable_shared_from_this<Line> {
 public:
  std::uint64_t next_number() { return ++numbers_; }
  std::size_t waiting() const { return waiting_; }

  // Joins the line and returns true, or has the session at once and returns false.
  bool join(const Ticket& ticket, Start& start) {
    Shard& shard = shard_of(ticket.session_id);
    const std::scoped_lock lock(shard.guard);
    const auto [place, is_free] = shard.sessions.try_emplace(ticket.session_id);
    if (is_free) return false;
    place->second.push_back({ticket.number, std::move(start)});
    ++waiting_;
    return true;
  }

  Lease lease(std::string session_id) { return {shared_from_this(), std::move(session_id)}; }

  void release(const std::string& session_id) {
    Start next = step(session_id);
    if (!next) return;
    call_in_turn([line = shared_from_this(), session_id, next = std::move(next)] { next(line->lease(session_id)); });
  }

  bool withdraw(const Ticket& ticket) {
    Shard& shard = shard_of(ticket.session_id);
    Start withdrawn;  // dies after the lock is gone: it may hold anything
    const std::scoped_lock lock(shard.guard);
    const auto place = shard.sessions.find(ticket.session_id);
    if (place == shard.sessions.end()) return false;
    auto& line = place->second;
    const auto mine =
        std::find_if(line.begin(), line.end(), [&](const Waiting& entry) { return entry.number == ticket.number; });
    if (mine == line.end()) return false;
    withdrawn = std::move(mine->start);
    line.erase(mine);
    --waiting_;
    return true;
  }

  void close() {
    for (Shard& shard : shards_) {
      std::vector<std::deque<Waiting>> dropped;
      const std::scoped_lock lock(shard.guard);
      for (auto& [id, line] : shard.sessions) {
        waiting_ -= line.size();
        dropped.push_back(std::exchange(line, {}));
      }
    }
  }

 private:
  struct Waiting {
    std::uint64_t number;
    Start start;
  };

  struct Shard {
    std::mutex guard;
    std::unordered_map<std::string, std::deque<Waiting>> sessions;  // guarded
  };

  Shard& shard_of(const std::string& session_id) {
    return shards_[std::hash<std::string>()(session_id) % shards_.size()];
  }

  // Takes the next of a session from the line, or leaves the session free.
  Start step(const std::string& session_id) {
    Shard& shard = shard_of(session_id);
    const std::scoped_lock lock(shard.guard);
    const auto place = shard.sessions.find(session_id);
    if (place == shard.sessions.end()) return {};
    auto& line = place->second;
    if (line.empty()) {
      shard.sessions.erase(place);
      return {};
    }
    Start next = std::move(line.front().start);
    line.pop_front();
    --waiting_;
    return next;
  }

  std::array<Shard, 64> shards_;
  std::atomic<std::uint64_t> numbers_ = 0;
  std::atomic<std::size_t> waiting_ = 0;
};

// Leases put aside for a while. Its thread exists from the first of them on.
class TurnQueue::Timer {
 public:
  ~Timer() {
    {
      const std::scoped_lock lock(guard_);
      closed_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  void put(std::chrono::milliseconds delay, std::uint64_t number, Lease lease, Start start) {
    const std::scoped_lock lock(guard_);
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
    aside_.emplace(std::chrono::steady_clock::now() + delay, Aside{number, std::move(lease), std::move(start)});
    changed_.notify_all();
  }

  bool withdraw(std::uint64_t number) {
    Aside withdrawn;  // dies after the lock is gone: dropping its lease calls somebody
    const std::scoped_lock lock(guard_);
    const auto mine =
        std::find_if(aside_.begin(), aside_.end(), [&](const auto& entry) { return entry.second.number == number; });
    if (mine == aside_.end()) return false;
    withdrawn = std::move(mine->second);
    aside_.erase(mine);
    return true;
  }

  std::size_t waiting() {
    const std::scoped_lock lock(guard_);
    return aside_.size();
  }

 private:
  struct Aside {
    std::uint64_t number = 0;
    Lease lease = {};
    Start start = {};
  };

  void run() {
    std::unique_lock lock(guard_);
    while (!closed_) {
      if (aside_.empty()) {
        changed_.wait(lock);
        continue;
      }
      const auto due = aside_.begin()->first;
      if (std::chrono::steady_clock::now() < due) {
        changed_.wait_until(lock, due);
        continue;
      }
      Aside next = std::move(aside_.begin()->second);
      aside_.erase(aside_.begin());
      lock.unlock();
      next.start(std::move(next.lease));
      next = {};
      lock.lock();
    }
  }

  std::mutex guard_;
  std::condition_variable changed_;
  std::multimap<std::chrono::steady_clock::time_point, Aside> aside_;  // guarded
  bool closed_ = false;                                                // guarded
  std::thread thread_;                                                 // guarded until closed
};

TurnQueue::Lease::Lease(std::shared_ptr<Line> line, std::string session_id)
    : line_(std::move(line)), session_id_(std::move(session_id)) {}

TurnQueue::Lease::Lease(Lease&& other) noexcept
    : line_(std::move(other.line_)), session_id_(std::move(other.session_id_)) {}

TurnQueue::Lease& TurnQueue::Lease::operator=(Lease&& other) noexcept {
  if (this == &other) return *this;
  release();
  line_ = std::move(other.line_);
  session_id_ = std::move(other.session_id_);
  return *this;
}

void TurnQueue::Lease::release() {
  if (const auto line = std::exchange(line_, nullptr)) line->release(session_id_);
}

TurnQueue::TurnQueue() : line_(std::make_shared<Line>()), timer_(std::make_unique<Timer>()) {}

TurnQueue::~TurnQueue() {
  if (timer_.is_here()) line_->close();
}

TurnQueue::Ticket TurnQueue::acquire(std::string_view session_id, Start start) {
  Ticket ticket{.session_id = std::string(session_id), .number = line_->next_number()};
  if (!line_->join(ticket, start)) start(line_->lease(ticket.session_id));
  return ticket;
}

TurnQueue::Ticket TurnQueue::later(Lease lease, std::chrono::milliseconds delay, Start start) {
  Ticket ticket{.session_id = lease.session_id_, .number = line_->next_number()};
  timer_->put(delay, ticket.number, std::move(lease), std::move(start));
  return ticket;
}

bool TurnQueue::withdraw(const Ticket& ticket) {
  return line_->withdraw(ticket) || timer_->withdraw(ticket.number);
}

std::size_t TurnQueue::waiting() const {
  return line_->waiting() + timer_->waiting();
}

}  // namespace pais::memory
