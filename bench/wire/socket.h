// The few socket calls that the benchmarks need. IPv4 and loopback only: they measure, they do not travel.
#pragma once

#include <netinet/in.h>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace pais::bench {

// Owns a file descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int number) : number_(number) {}
  Fd(Fd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Fd();

  int number() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }

 private:
  int number_ = -1;
};

struct Endpoint {
  sockaddr_in address = {};
  std::string name;  // "127.0.0.1:8000", as the Host header has it
};

// `host` is an IPv4 address or "localhost".
Result<Endpoint> endpoint(std::string_view host, int port);

// A connected socket that does not block, with TCP_NODELAY. Waits for the connection itself, which on loopback is made
// at once unless the server's backlog is full.
Result<Fd> connect_to(const Endpoint& to);

// A listening socket that does not block.
Result<Fd> listen_on(const Endpoint& at);
int port_of(const Fd& listener);

// Closing sends a reset instead of leaving the port in TIME_WAIT: for those who open connections by the thousand.
void close_with_reset(const Fd& socket);

// As many files as this process is allowed to have.
void raise_file_limit();

}  // namespace pais::bench
