// The thread that waits: for connections, for bytes, for slow readers, for the clock.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <sys/epoll.h>
#include <thread>
#include <vector>

#include "base/result.h"
#include "http/inbound.h"
#include "http/listener.h"
#include "http/owned_fd.h"

namespace pais::http {

class Reactor {
 public:
  // `make` wraps an accepted socket; `tick` is called about ten times a second while there is anything to time.
  struct Callbacks {
    std::function<std::shared_ptr<Inbound>(int fd, const sockaddr_storage& peer)> make;
    std::function<void(Instant now)> tick;
  };

  // At `most_connections`, or when clients hold what they may of the process's descriptors, the connection that has
  // been idle longest makes room; without one, the newcomer is told 503.
  Reactor(std::vector<Listener> listeners, std::size_t most_connections, Callbacks callbacks);
  ~Reactor();

  Result<void> start();
  // Ends the thread and closes every connection. Not from a callback.
  void stop();

  // From any thread: run this on the reactor's.
  void post(std::function<void()> task);
  void wake(std::shared_ptr<Inbound> inbound);
  // A connection that came by another way than the listeners; it does not block. False when none is let in any more.
  bool adopt(OwnedFd socket, const sockaddr_storage& peer);

  // Reactor's thread.
  void let_nobody_in();
  void for_each(const std::function<void(Inbound&)>& visit);
  // Closes what has been idle since `before`, unless a request has just arrived; tells how many others there are.
  std::size_t close_idle(Instant before);

  std::size_t connections() const { return count_.load(std::memory_order_relaxed); }

 private:
  void run();
  int patience() const;
  void take(const epoll_event& event);
  void accept_from(const Listener& listener, int most);
  void admit(OwnedFd socket, const sockaddr_storage& peer);
  void admit_newcomers(bool last);
  bool make_room();
  bool look_for_idle();
  void forget(int fd);
  void run_posted();
  void sweep(Instant now);
  void tell_of_refusals(Instant now);
  Result<void> watch(int fd, std::uint32_t events, std::uint32_t adoption = 0);

  struct Slot {
    std::shared_ptr<Inbound> inbound = nullptr;
    std::uint32_t adoption = 0;
  };

  struct Newcomer {
    OwnedFd socket;
    sockaddr_storage peer;
  };

  struct Idle {
    std::size_t slot;
    std::uint32_t adoption;
    Instant since;
  };

  const std::size_t most_;
  const Callbacks callbacks_;
  int epoll_ = -1;
  int bell_ = -1;   // an eventfd: rung by `post` and `wake`
  int spare_ = -1;  // given up for a moment when there are no more descriptors
  std::thread thread_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::size_t> count_{0};

  // The reactor's thread alone.
  std::vector<Listener> listeners_;
  std::vector<Slot> table_;  // by descriptor
  std::uint32_t adoptions_ = 0;
  Instant next_sweep_{};
  std::vector<Idle> idle_;  // some of those idle for longest, the oldest last, as they were found
  Instant next_look_{};
  std::size_t refused_ = 0;  // for want of descriptors, not told of yet
  Instant next_telling_{};
  std::size_t sweep_at_ = 0;  // where the sweep goes on, when it had to pause

  std::mutex mutex_;  // guards all below
  std::vector<std::function<void()>> posted_;
  std::vector<std::shared_ptr<Inbound>> woken_;
  std::vector<Newcomer> newcomers_;
  bool open_ = false;  // to newcomers
};

}  // namespace pais::http
