#include "http/listener.h"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace pais::http {
namespace {

Error failed(const char* what) {
  return Error{.code = Code::unreachable, .cause = std::string(what) + ": " + std::generic_category().message(errno)};
}

bool is_loopback(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    return (ntohl(reinterpret_cast<const sockaddr_in*>(address)->sin_addr.s_addr) >> 24) == 127;
  }
  return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr) != 0;
}

void set_port(sockaddr* address, int port) {
  if (address->sa_family == AF_INET) {
    reinterpret_cast<sockaddr_in*>(address)->sin_port = htons(static_cast<std::uint16_t>(port));
  } else {
    reinterpret_cast<sockaddr_in6*>(address)->sin6_port = htons(static_cast<std::uint16_t>(port));
  }
}

int port_of(const sockaddr_storage& address) {
  return ntohs(address.ss_family == AF_INET ? reinterpret_cast<const sockaddr_in&>(address).sin_port
                                            : reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
}

std::string in_use(const sockaddr* address) {
  const in_port_t port = address->sa_family == AF_INET ? reinterpret_cast<const sockaddr_in*>(address)->sin_port
                                                       : reinterpret_cast<const sockaddr_in6*>(address)->sin6_port;
  return "Port " + std::to_string(ntohs(port)) + " is in use";
}

}  // namespace

Listener::Listener(Listener&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), port_(other.port_), loopback_(other.loopback_) {}

Listener::~Listener() {
  if (fd_ < 0) return;
  ::shutdown(fd_, SHUT_RDWR);  // a forked child that has it too would keep it open to newcomers
  ::close(fd_);
}

Result<Listener> Listener::bind_one(const sockaddr* address, socklen_t size, bool both_families) {
  const int fd = ::socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return failed("socket");
  Listener listener(fd, 0, is_loopback(address));

  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // accepted sockets inherit it
  if (address->sa_family == AF_INET6) {
    const int only_v6 = both_families ? 0 : 1;
    ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, sizeof only_v6);
  }
  if (::bind(fd, address, size) != 0) {
    return errno == EADDRINUSE ? Error{.code = Code::unreachable, .cause = in_use(address)} : failed("bind");
  }
  if (::listen(fd, Listener::kBacklog) != 0) return failed("listen");

  sockaddr_storage bound{};
  socklen_t bound_size = sizeof bound;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &bound_size);
  listener.port_ = port_of(bound);
  return listener;
}

Result<std::vector<Listener>> Listener::open(const std::string& host, int port) {
  std::vector<Listener> listeners;
  if (host == "0.0.0.0" || host == "::" || host.empty()) {
    sockaddr_in6 any{};
    any.sin6_family = AF_INET6;
    any.sin6_port = htons(static_cast<std::uint16_t>(port));
    if (auto both = bind_one(reinterpret_cast<sockaddr*>(&any), sizeof any, true)) {
      listeners.push_back(*std::move(both));
      return listeners;
    }
  }

  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string name = host == "::" || host.empty() ? "0.0.0.0" : host;
  if (const int code = ::getaddrinfo(name.c_str(), nullptr, &hints, &found); code != 0) {
    return Error{.code = Code::unreachable, .cause = "'" + host + "' is no address: " + ::gai_strerror(code)};
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);

  Error last{.code = Code::unreachable, .cause = "'" + host + "' has no address"};
  for (addrinfo* each = found; each != nullptr; each = each->ai_next) {
    set_port(each->ai_addr, listeners.empty() ? port : listeners.front().port());
    auto listener = bind_one(each->ai_addr, each->ai_addrlen, false);
    if (listener) {
      listeners.push_back(*std::move(listener));
    } else if (each->ai_family == AF_INET) {
      return listener.error();
    } else {
      last = listener.error();  // a machine without IPv6 is served all the same
    }
  }
  if (listeners.empty()) return last;
  return listeners;
}

std::string address_text(const sockaddr_storage& address) {
  if (address.ss_family != AF_INET && address.ss_family != AF_INET6) return "local";
  char text[INET6_ADDRSTRLEN] = {};
  const int port = port_of(address);
  if (address.ss_family == AF_INET) {
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, text, sizeof text);
    return std::string(text) + ":" + std::to_string(port);
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
    ::inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], text, sizeof text);
    return std::string(text) + ":" + std::to_string(port);
  }
  ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
  return "[" + std::string(text) + "]:" + std::to_string(port);
}

}  // namespace pais::http
