// A client that says exactly what a test tells it to say, and reads what comes back.
//
//   RawClient client(server.port());
//   client.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
//   EXPECT_EQ(client.read_answer().status, 200);
#pragma once

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "http/chunked.h"
#include "http/message.h"
#include "http/owned_fd.h"
#include "support/eventually.h"
#include "support/signal.h"

namespace pais::test {

struct RawAnswer {
  int status = 0;  // 0: none came
  http::Headers headers = {};
  std::string body = {};  // without its chunks
  bool whole = false;     // false: the connection ended before the answer did

  std::string_view header(std::string_view name) const { return http::find_header(headers, name); }
};

enum class Reading { answer, answer_without_body };

class RawClient {
 public:
  // A small `receive_buffer` makes a slow reader of it.
  explicit RawClient(int port, int receive_buffer = 0) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (receive_buffer != 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    be_patient();
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      const std::string why = std::strerror(errno);
      close();
      throw std::runtime_error("connecting: " + why);
    }
  }
  // Over a connection that is there already.
  explicit RawClient(http::OwnedFd socket) : fd_(socket.release()) { be_patient(); }
  RawClient(RawClient&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), received_(std::move(other.received_)), over_(other.over_) {}
  RawClient& operator=(RawClient&&) = delete;
  ~RawClient() { close(); }

  int fd() const { return fd_; }

  // False when the server would not take all of it.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  // As much of `bytes` as goes without waiting.
  std::size_t send_some(std::string_view bytes) {
    const ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return count > 0 ? static_cast<std::size_t>(count) : 0;
  }

  // Waits until all that was sent lies with the server: its kernel has said so.
  bool has_arrived() const {
    return eventually([&] {
      int on_the_way = 0;
      return ::ioctl(fd_, SIOCOUTQ, &on_the_way) == 0 && on_the_way == 0;
    });
  }

  void half_close() { ::shutdown(fd_, SHUT_WR); }

  // Goes without a word: the server is told by a reset.
  void reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
  }

  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

  // Waits for bytes and keeps them. False when none came: the connection is over, or patience is.
  bool receive(std::chrono::milliseconds within = kPatience) {
    pollfd readable{.fd = fd_, .events = POLLIN, .revents = 0};
    if (over_ || ::poll(&readable, 1, static_cast<int>(within.count())) <= 0) return false;
    std::array<char, 16 * 1024> buffer;
    const ssize_t count = ::recv(fd_, buffer.data(), buffer.size(), 0);
    over_ = count <= 0;
    if (count > 0) received_.append(buffer.data(), static_cast<std::size_t>(count));
    return count > 0;
  }

  bool has_news() const {
    pollfd readable{.fd = fd_, .events = POLLIN, .revents = 0};
    return ::poll(&readable, 1, 0) > 0;
  }

  // What has been received and not been taken by one of the functions below.
  const std::string& received() const { return received_; }

  // Takes all bytes up to and with `text`; "" when it does not come.
  std::string read_until(std::string_view text) {
    std::size_t at = 0;
    while ((at = received_.find(text)) == std::string::npos) {
      if (!receive()) return {};
    }
    return take(at + text.size());
  }

  RawAnswer read_answer(Reading reading = Reading::answer) {
    RawAnswer answer = read_head();
    if (answer.status == 0) return answer;
    const bool bodyless = answer.status < 200 || answer.status == 204 || answer.status == 304;
    if (reading == Reading::answer_without_body || bodyless) {
      answer.whole = true;
    } else if (answer.header("Transfer-Encoding") == "chunked") {
      read_chunks(answer);
    } else if (const auto length = answer.header("Content-Length"); !length.empty()) {
      const auto size = static_cast<std::size_t>(std::atoll(std::string(length).c_str()));
      while (received_.size() < size && receive()) {
      }
      answer.whole = received_.size() >= size;
      answer.body = take(size);
    } else {
      answer.whole = ends();
      answer.body = take(received_.size());
    }
    return answer;
  }

  // The status line and headers; for streams, whose body a test reads bit by bit.
  RawAnswer read_head() {
    const std::string head = read_until("\r\n\r\n");
    RawAnswer answer;
    if (head.size() < 16) return answer;
    answer.status = std::atoi(head.c_str() + 9);
    for (std::size_t at = head.find("\r\n") + 2; at + 2 < head.size();) {
      const std::size_t end = head.find("\r\n", at);
      const std::size_t colon = head.find(": ", at);
      answer.headers.emplace_back(head.substr(at, colon - at), head.substr(colon + 2, end - colon - 2));
      at = end + 2;
    }
    return answer;
  }

  // Whether the server ends the connection; what it says before is kept.
  bool ends() {
    while (receive()) {
    }
    return over_;
  }

 private:
  void be_patient() {
    const timeval patience{.tv_sec = kPatience.count(), .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  }

  std::string take(std::size_t size) {
    std::string taken = received_.substr(0, size);
    received_.erase(0, taken.size());
    return taken;
  }

  void read_chunks(RawAnswer& answer) {
    http::ChunkedReader chunks(0);
    for (;;) {
      const auto used = chunks.feed(received_, answer.body);
      if (!used) return;
      received_.erase(0, *used);
      answer.whole = chunks.done();
      if (answer.whole || !receive()) return;
    }
  }

  int fd_;
  std::string received_;
  bool over_ = false;
};

}  // namespace pais::test
