// One epoll set: what the loops of the load generator and of the fake model wait on.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <span>
#include <sys/epoll.h>

#include "wire/socket.h"

namespace pais::bench {

// Level-triggered, for one thread.
class Epoll {
 public:
  Epoll();

  // `name` comes back in `epoll_event::data.u64`.
  void add(int fd, std::uint64_t name, std::uint32_t events = EPOLLIN);
  void change(int fd, std::uint64_t name, std::uint32_t events);
  void remove(int fd);

  // What is ready, at the latest after `patience`; none when that has passed. Valid until the next call.
  std::span<const epoll_event> wait(std::chrono::nanoseconds patience);

 private:
  Fd fd_;
  std::array<epoll_event, 512> ready_;
};

}  // namespace pais::bench
