// A port that takes no more connections: whoever connects waits.
#pragma once

#include <cerrno>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace pais::test {

// Its queue is filled by connections of its own that nobody accepts; the kernel drops further ones unanswered.
class FullListener {
 public:
  FullListener() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    ::bind(listener_, reinterpret_cast<const sockaddr*>(&address_), size);
    ::listen(listener_, 0);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address_), &size);
    while (connects()) {
    }
  }

  ~FullListener() {
    for (const int fd : waiting_) ::close(fd);
    ::close(listener_);
  }
  FullListener(const FullListener&) = delete;
  FullListener& operator=(const FullListener&) = delete;

  int port() const { return ntohs(address_.sin_port); }

 private:
  bool connects() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    waiting_.push_back(fd);
    ::connect(fd, reinterpret_cast<const sockaddr*>(&address_), sizeof address_);
    pollfd watched{.fd = fd, .events = POLLOUT, .revents = 0};
    return ::poll(&watched, 1, 200) == 1;
  }

  int listener_;
  sockaddr_in address_{};
  std::vector<int> waiting_;
};

}  // namespace pais::test
