#include "wire/socket.h"

#include <arpa/inet.h>
#include <cerrno>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace pais::bench {
namespace {

Error system_error(const std::string& doing) {
  return {.code = Code::unreachable, .cause = doing + ": " + std::system_category().message(errno)};
}

void switch_on(const Fd& socket, int level, int option) {
  const int on = 1;
  setsockopt(socket.number(), level, option, &on, sizeof(on));
}

const sockaddr* generic(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

}  // namespace

Fd::~Fd() {
  if (number_ >= 0) close(number_);
}

Result<Endpoint> endpoint(std::string_view host, int port) {
  Endpoint place;
  const std::string numeric = host == "localhost" ? "127.0.0.1" : std::string(host);
  place.address.sin_family = AF_INET;
  place.address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (inet_pton(AF_INET, numeric.c_str(), &place.address.sin_addr) != 1) {
    return Error{.code = Code::invalid_setting, .cause = "'" + numeric + "' is no IPv4 address"};
  }
  place.name = std::string(host) + ":" + std::to_string(port);
  return place;
}

Result<Fd> connect_to(const Endpoint& to) {
  Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return system_error("opening a socket");
  if (connect(socket.number(), generic(to.address), sizeof(to.address)) != 0) {
    return system_error("connecting to " + to.name);
  }
  switch_on(socket, IPPROTO_TCP, TCP_NODELAY);
  fcntl(socket.number(), F_SETFL, O_NONBLOCK);
  return socket;
}

Result<Fd> listen_on(const Endpoint& at) {
  Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return system_error("opening a socket");
  switch_on(socket, SOL_SOCKET, SO_REUSEADDR);
  if (bind(socket.number(), generic(at.address), sizeof(at.address)) != 0 || listen(socket.number(), 4096) != 0) {
    return system_error("listening at " + at.name);
  }
  return socket;
}

int port_of(const Fd& listener) {
  sockaddr_in address = {};
  socklen_t size = sizeof(address);
  getsockname(listener.number(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

void close_with_reset(const Fd& socket) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(socket.number(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

void raise_file_limit() {
  rlimit files = {};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

}  // namespace pais::bench
