// A server that plays scripts, byte for byte: what an HTTP library would never send, a test can.
//
//   RawServer server([](RawPeer& peer) {
//     peer.read_request();
//     peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
//   });
#pragma once

#include <algorithm>
#include <arpa/inet.h>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <list>
#include <mutex>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include "support/signal.h"

namespace pais::test {

// One accepted connection, for the thread that plays its script.
class RawPeer {
 public:
  RawPeer(int fd, int ordinal) : number(ordinal), fd_(fd) {}
  ~RawPeer() { close(); }
  RawPeer(const RawPeer&) = delete;
  RawPeer& operator=(const RawPeer&) = delete;

  const int number;  // 0 for the first connection

  int fd() const { return fd_; }

  // Head and body (as long as Content-Length says) of the next request; "" when the client hung up before.
  std::string read_request() {
    std::size_t head_end = std::string::npos;
    while ((head_end = received_.find("\r\n\r\n")) == std::string::npos) {
      if (!receive()) return "";
    }
    std::size_t size = head_end + 4;
    if (const std::size_t at = received_.find("Content-Length: "); at < head_end) {
      size += static_cast<std::size_t>(std::atoll(received_.c_str() + at + 16));
    }
    while (received_.size() < size) {
      if (!receive()) return "";
    }
    std::string request = received_.substr(0, size);
    received_.erase(0, size);
    return request;
  }

  // Exactly `size` bytes, or "".
  std::string read_bytes(std::size_t size) {
    while (received_.size() < size) {
      if (!receive()) return "";
    }
    std::string bytes = received_.substr(0, size);
    received_.erase(0, size);
    return bytes;
  }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  // Sends one byte after the other, each in a packet of its own, until the client has had enough.
  void drip(std::string_view bytes, std::chrono::milliseconds between) {
    for (const char byte : bytes) {
      send({&byte, 1});
      if (hung_up(between)) return;
    }
  }

  // Whether the client hangs up before the time is over.
  bool hung_up(std::chrono::milliseconds within = kPatience) {
    const auto deadline = std::chrono::steady_clock::now() + within;
    for (;;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      pollfd watched{.fd = fd_, .events = POLLIN, .revents = 0};
      if (::poll(&watched, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0))) <= 0) return false;
      if (!receive()) return true;
    }
  }

  void close() {
    const std::lock_guard lock(mutex_);
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

  // Ends the connection the rude way: the client sees a reset.
  void reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
  }

  // Makes whatever the script waits for end. From any thread.
  void interrupt() {
    const std::lock_guard lock(mutex_);
    if (fd_ >= 0) ::shutdown(fd_, SHUT_RDWR);
  }

 private:
  bool receive() {
    char bytes[16 * 1024];
    const ssize_t size = ::recv(fd_, bytes, sizeof bytes, 0);
    if (size <= 0) return false;
    received_.append(bytes, static_cast<std::size_t>(size));
    return true;
  }

  std::mutex mutex_;  // guards the end of fd_
  int fd_;
  std::string received_;
};

// Listens on a free port of 127.0.0.1 (or elsewhere), and plays `script` with each connection, in a thread of its own.
// A connection is closed when its script is over.
class RawServer {
 public:
  using Script = std::function<void(RawPeer&)>;

  explicit RawServer(Script script) : RawServer(loopback(), sizeof(sockaddr_in), std::move(script)) {}

  static sockaddr_storage loopback() {
    sockaddr_storage address{};
    auto& v4 = reinterpret_cast<sockaddr_in&>(address);
    v4.sin_family = AF_INET;
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  static sockaddr_storage unix_socket(const std::string& path) {
    sockaddr_storage address{};
    auto& local = reinterpret_cast<sockaddr_un&>(address);
    local.sun_family = AF_UNIX;
    path.copy(local.sun_path, sizeof local.sun_path - 1);
    return address;
  }

  RawServer(const sockaddr_storage& address, socklen_t size, Script script) : script_(std::move(script)) {
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

  ~RawServer() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    for (RawPeer& peer : peers_) peer.interrupt();
    for (std::thread& player : players_) player.join();
    ::close(listener_);
  }

  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  int port() const { return port_; }
  std::string url(const std::string& target = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + target;
  }
  int connections() const { return connections_; }

 private:
  void accept_all() {
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

  Script script_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> connections_ = 0;
  std::list<RawPeer> peers_;  // these two: the acceptor's, until it has ended
  std::list<std::thread> players_;
  std::thread acceptor_;
};

}  // namespace pais::test
