// A server that plays scripts, byte for byte: what an HTTP library would never send, a test can.
//
//   RawServer server([](RawPeer& peer) {
//     peer.read_request();
//     peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
//   });
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <thread>

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
  std::string read_request();

  // Exactly `size` bytes, or "".
  std::string read_bytes(std::size_t size);

  void send(std::string_view bytes);

  // Sends one byte after the other, each in a packet of its own, until the client has had enough.
  void drip(std::string_view bytes, std::chrono::milliseconds between);

  // Whether the client hangs up before the time is over.
  bool hung_up(std::chrono::milliseconds within = kPatience);

  void close();

  // Ends the connection the rude way: the client sees a reset.
  void reset();

  // Makes whatever the script waits for end. From any thread.
  void interrupt();

 private:
  bool receive();

  std::mutex mutex_;  // guards the end of fd_
  int fd_;
  std::string received_;
};

// Listens on a free port of 127.0.0.1 (or elsewhere), and plays `script` with each connection, in a thread of its own.
// A connection is closed when its script is over.
class RawServer {
 public:
  using Script = std::function<void(RawPeer&)>;

  static sockaddr_storage loopback();
  static sockaddr_storage unix_socket(const std::string& path);

  explicit RawServer(Script script);
  RawServer(const sockaddr_storage& address, socklen_t size, Script script);
  ~RawServer();
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  int port() const { return port_; }
  std::string url(const std::string& target = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + target;
  }
  int connections() const { return connections_; }

 private:
  void accept_all();

  Script script_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> connections_ = 0;
  std::list<RawPeer> peers_;  // these two: the acceptor's, until it has ended
  std::list<std::thread> players_;
  std::thread acceptor_;
};

}  // namespace pais::test
