// An answer that never ends, from a server that is always ahead of its reader: who reads it never has to wait.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "support/raw_server.h"

namespace pais::test {

class Endless {
 public:
  explicit Endless(std::string piece) : piece_(std::move(piece)) {}

  // The server's side: sends `opening` and then pieces, through `send`, until the client of `peer` hangs up.
  template <typename Send>
  void play(RawPeer& peer, std::string_view opening, Send send) {
    send(opening);
    while (!peer.hung_up(std::chrono::milliseconds(0))) {
      send(piece_);
      sent_ += piece_.size();
    }
    over_ = true;
  }

  // The client's side: waits until there is much more to read than these bytes and those before.
  void taken(std::size_t bytes) {
    taken_ += bytes;
    while (sent_ < taken_ + kAhead * piece_.size() && !over_) std::this_thread::yield();
  }

 private:
  static constexpr std::size_t kAhead = 3;

  const std::string piece_;
  std::atomic<std::uint64_t> sent_ = 0;
  std::atomic<bool> over_ = false;
  std::uint64_t taken_ = 0;
};

}  // namespace pais::test
