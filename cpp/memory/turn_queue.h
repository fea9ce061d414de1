// Turns of one session run one after another, in the order in which they came.
//
//   queue.acquire(session_id, [=](TurnQueue::Lease lease) { workers.post(run the turn, then drop the lease); });
//
// Nobody waits on a thread: a callback is called at once when the session is free, on the caller's thread, and
// otherwise later, on the thread that drops the lease before it. So a callback should hand the turn on and return.
// From any thread. How many may wait is for the caller to bound; one that gives up withdraws its ticket.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "memory/at_home.h"

namespace pais::memory {

class TurnQueue {
 public:
  // The right to run a turn of one session, until it is dropped. May outlive the queue.
  class Lease {
   public:
    Lease() = default;
    Lease(Lease&& other) noexcept;
    Lease& operator=(Lease&& other) noexcept;
    ~Lease() { release(); }

    void release();
    explicit operator bool() const { return line_ != nullptr; }

   private:
    friend class TurnQueue;
    class Line;
    Lease(std::shared_ptr<Line> line, std::string session_id);

    std::shared_ptr<Line> line_;
    std::string session_id_;
  };

  using Start = std::function<void(Lease)>;

  struct Ticket {
    std::string session_id;
    std::uint64_t number = 0;
  };

  TurnQueue();
  // Those still waiting are never called.
  ~TurnQueue();
  TurnQueue(const TurnQueue&) = delete;
  TurnQueue& operator=(const TurnQueue&) = delete;

  Ticket acquire(std::string_view session_id, Start start);

  // Calls `start` with the same lease after `delay`, on a thread of the queue: for a session that is busy on another
  // host (Turn::busy_for). Until then nobody else here passes by.
  Ticket later(Lease lease, std::chrono::milliseconds delay, Start start);

  // True: it was still waiting, and its callback will never be called. False: the callback was called, or is being
  // called now.
  bool withdraw(const Ticket& ticket);

  std::size_t waiting() const;

 private:
  using Line = Lease::Line;
  class Timer;

  std::shared_ptr<Line> line_;
  const AtHome<Timer> timer_;
};

}  // namespace pais::memory
