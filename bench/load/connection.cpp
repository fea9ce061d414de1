#include "load/connection.h"

#include <cerrno>
#include <poll.h>
#include <sys/socket.h>

namespace pais::bench {
namespace {

bool must_wait() {
  return errno == EAGAIN || errno == EWOULDBLOCK;
}

void wait_until_writable(int fd) {
  pollfd wanted{.fd = fd, .events = POLLOUT, .revents = 0};
  poll(&wanted, 1, 1000);
}

}  // namespace

Result<Connection> Connection::open(const Endpoint& server) {
  auto socket = connect_to(server);
  if (!socket) return socket.error();
  return Connection(std::move(*socket));
}

bool Connection::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = send(socket_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && !must_wait()) return false;
    if (sent < 0) {
      wait_until_writable(socket_.number());
    } else {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  return true;
}

AnswerReader::State Connection::read(Scratch& scratch, BodySink* sink) {
  auto& bytes = scratch.bytes_;
  const auto count = recv(socket_.number(), bytes.data(), bytes.size(), 0);
  if (count < 0) return must_wait() ? AnswerReader::State::more : AnswerReader::State::broken;
  if (count == 0) return reader_.end_of_connection();
  return reader_.feed({bytes.data(), static_cast<std::size_t>(count)}, sink);
}

}  // namespace pais::bench
