// One connection of a collector that takes all it gets: as much of HTTP/2 and gRPC as an exporter needs to be thanked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "wire/socket.h"

namespace pais::bench {

struct Heard {
  std::uint64_t requests = 0;
  std::uint64_t spans = 0;
  std::uint64_t bytes = 0;
};

// For one thread. A caller asks one thing at a time.
class Caller {
 public:
  // `heard` outlives this.
  Caller(Fd socket, Heard& heard);

  int socket() const { return socket_.number(); }
  // What has come. False when the caller has hung up, or speaks something else.
  bool hear();

 private:
  bool read_frames();
  void read_frame(std::uint8_t kind, std::uint8_t flags, std::uint32_t stream, std::string_view payload);
  void thank(std::uint32_t stream);
  bool say();

  const Fd socket_;
  Heard& heard_;
  bool greeted_ = false;
  std::string unread_;
  std::string message_;  // of the request that is coming
  std::string answer_;
  std::uint32_t taken_ = 0;  // of the window
};

}  // namespace pais::bench
