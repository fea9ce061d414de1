// The sockets on which connections arrive.
#pragma once

#include <netinet/in.h>
#include <string>
#include <vector>

#include "base/result.h"

namespace pais::http {

// One bound address; closed with the object.
class Listener {
 public:
  static constexpr int kBacklog = 4096;  // connections the kernel holds for us

  // All addresses `host` stands for: "0.0.0.0" and "::" mean every address of the machine, of both families where it
  // has both. Port 0 takes a free one, the same for all. Code::unreachable when none could be bound.
  static Result<std::vector<Listener>> open(const std::string& host, int port);

  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&&) = delete;
  ~Listener();

  int fd() const { return fd_; }
  int port() const { return port_; }
  bool loopback() const { return loopback_; }

 private:
  Listener(int fd, int port, bool loopback) : fd_(fd), port_(port), loopback_(loopback) {}
  static Result<Listener> bind_one(const sockaddr* address, socklen_t size, bool both_families);

  int fd_;
  int port_;
  bool loopback_;
};

// "127.0.0.1:41234", "[::1]:41234"; "local" for an address without a port, as a socketpair has it.
std::string address_text(const sockaddr_storage& address);

}  // namespace pais::http
