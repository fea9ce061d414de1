#include "support/raw_server.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cstdint>
#include <cstdlib>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

namespace pais::test {

std::string RawPeer::read_request() {
  std::size_t head_end = std::string::npos;
  while ((head_end = received_.find("\r\n\r\n")) == std::string::npos) {
    if (!receive()) return "";
  }
  std::size_t size = head_end + 4;
  if (const std::size_t at = received_.find("Content-Length: "); at < head_end) {
    size += static_cast<std::size_t>(std::atoll(received_.c_str() + at + 16));
  }
  return read_bytes(size);
}

std::string RawPeer::read_bytes(std::size_t size) {
  while (received_.size() < size) {
    if (!receive()) return "";
  }
  std::string bytes = received_.substr(0, size);
  received_.erase(0, size);
  return bytes;
}

void RawPeer::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void RawPeer::drip(std::string_view bytes, std::chrono::milliseconds between) {
  for (const char byte : bytes) {
    send({&byte, 1});
    if (hung_up(between)) return;
  }
}

bool RawPeer::hung_up(std::chrono::milliseconds within) {
  const auto deadline = std::chrono::steady_clock::now() + within;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd watched{.fd = fd_, .events = POLLIN, .revents = 0};
    if (::poll(&watched, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0))) <= 0) return false;
    if (!receive()) return true;
  }
}

void RawPeer::close() {
  const std::lock_guard lock(mutex_);
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void RawPeer::reset() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

void RawPeer::interrupt() {
  const std::lock_guard lock(mutex_);
  if (fd_ >= 0) ::shutdown(fd_, SHUT_RDWR);
}

bool RawPeer::receive() {
  char bytes[16 * 1024];
  const ssize_t size = ::recv(fd_, bytes, sizeof bytes, 0);
  if (size <= 0) return false;
  received_.append(bytes, static_cast<std::size_t>(size));
  return true;
}

sockaddr_storage RawServer::loopback() {
  sockaddr_storage address{};
  auto& v4 = reinterpret_cast<sockaddr_in&>(address);
  v4.sin_family = AF_INET;
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

sockaddr_storage RawServer::unix_socket(const std::string& path) {
  sockaddr_storage address{};
  auto& local = reinterpret_cast<sockaddr_un&>(address);
  local.sun_family = AF_UNIX;
  path.copy(local.sun_path, sizeof local.sun_path - 1);
  return address;
}

RawServer::RawServer(Script script) : RawServer(loopback(), sizeof(sockaddr_in), std::move(script)) {}

RawServer::RawServer(const sockaddr_storage& address, socklen_t size, Script script) : script_(std::move(script)) {
  listener_ = ::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) != 0 || ::listen(listener_, 128) != 0) {
    throw std::runtime_error("the test's server cannot listen");
  }
  sockaddr_in bound{};
  socklen_t bound_size = sizeof bound;
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&bound), &bound_size);
  port_ = ntohs(bound.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

RawServer::~RawServer() {
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (RawPeer& peer : peers_) peer.interrupt();
  for (std::thread& player : players_) player.join();
  ::close(listener_);
}

void RawServer::accept_all() {
  for (;;) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    RawPeer& peer = peers_.emplace_back(fd, connections_++);
    players_.emplace_back([this, &peer] {
      script_(peer);
      peer.close();
    });
  }
}

}  // namespace pais::test
