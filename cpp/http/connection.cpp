#include "http/connection.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/tcp.h>
#include <optional>
#include <sys/socket.h>
#include <sys/un.h>
#include <system_error>
#include <utility>
#include <vector>

namespace pais::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kBetweenAttempts{250};
constexpr milliseconds kBacklogPause{10};
constexpr milliseconds kAtHand{10};  // for reading what is there
constexpr std::size_t kMaxAddresses = 8;
constexpr std::size_t kTlsRecord = 16 * 1024;
static_assert(kMaxAddresses <= kMaxWatched);

Error broken(int code) {
  return Error{.code = Code::unreachable, .cause = std::generic_category().message(code)};
}

Error timed_out() {
  return Error{.code = Code::timed_out, .cause = "the time was up"};
}

bool would_block(int code) {
  return code == EAGAIN || code == EWOULDBLOCK;
}

OwnedFd new_socket(int family) {
  return OwnedFd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

void tune(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

int outcome_of_connecting(int fd) {
  int code = 0;
  socklen_t size = sizeof code;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) != 0) return errno;
  return code;
}

// Several addresses of one host, tried one after the other without waiting for each to fail.
class Race {
 public:
  explicit Race(std::span<const SocketAddress> addresses)
      : addresses_(addresses.first(std::min(addresses.size(), kMaxAddresses))) {}

  Result<OwnedFd> run(Deadline deadline, const std::stop_token& stop) {
    for (;;) {
      if (auto winner = start_due()) return *std::move(winner);
      if (running_.empty()) return broken(last_failure_);
      if (auto waited = wait(deadline, stop); !waited) return waited.error();
      if (auto winner = collect()) return *std::move(winner);
    }
  }

 private:
  bool all_started() const { return next_ == addresses_.size(); }

  std::optional<OwnedFd> start_due() {
    while (!all_started() && (running_.empty() || steady_clock::now() >= next_start_)) {
      const SocketAddress& address = addresses_[next_++];
      next_start_ = steady_clock::now() + kBetweenAttempts;
      OwnedFd socket = new_socket(address.family());
      if (socket.valid() && ::connect(socket.value(), address.get(), address.size) == 0) return socket;
      if (socket.valid() && errno == EINPROGRESS) {
        running_.push_back(std::move(socket));
      } else {
        last_failure_ = errno;
      }
    }
    return std::nullopt;
  }

  Result<void> wait(Deadline deadline, const std::stop_token& stop) {
    watched_.clear();
    for (const OwnedFd& socket : running_) watched_.push_back({.fd = socket.value(), .events = POLLOUT, .revents = 0});
    const Deadline until = all_started() ? deadline : std::min(deadline, next_start_);
    auto waited = wait_for(watched_, until, stop);
    const bool next_is_due = !waited && waited.error().code == Code::timed_out && until < deadline;
    return next_is_due ? Result<void>() : waited;
  }

  std::optional<OwnedFd> collect() {
    std::vector<OwnedFd> still_running;
    for (std::size_t i = 0; i < running_.size(); ++i) {
      if (watched_[i].revents == 0) {
        still_running.push_back(std::move(running_[i]));
        continue;
      }
      last_failure_ = outcome_of_connecting(running_[i].value());
      if (last_failure_ == 0) return std::move(running_[i]);
      next_start_ = steady_clock::now();
    }
    running_ = std::move(still_running);
    return std::nullopt;
  }

  std::span<const SocketAddress> addresses_;
  std::size_t next_ = 0;
  Deadline next_start_{};
  std::vector<OwnedFd> running_;
  std::vector<pollfd> watched_;
  int last_failure_ = ENOENT;
};

// A Unix socket answers at once, or has no room in its queue and cannot be waited for.
Result<OwnedFd> connect_unix(const std::string& path, Deadline deadline, const std::stop_token& stop) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return broken(ENAMETOOLONG);
  std::memcpy(address.sun_path, path.data(), path.size());
  OwnedFd socket = new_socket(AF_UNIX);
  if (!socket.valid()) return broken(errno);
  while (::connect(socket.value(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (!would_block(errno) && errno != EINTR) return broken(errno);
    const auto paused = wait_for(std::span<pollfd>(), std::min(deadline, steady_clock::now() + kBacklogPause), stop);
    if (paused.error().code == Code::cancelled || steady_clock::now() >= deadline) return paused.error();
  }
  return socket;
}

}  // namespace

Result<Connection> Connection::open(const Endpoint& endpoint, Deadline deadline, const std::stop_token& stop,
                                    const Resolver& resolver) {
  if (!endpoint.socket_path.empty()) {
    auto socket = connect_unix(endpoint.socket_path, deadline, stop);
    if (!socket) return socket.error().during("connecting");
    return Connection(*std::move(socket));
  }
  auto addresses = resolver.resolve(endpoint.host, endpoint.port, deadline, stop);
  if (!addresses) return addresses.error().during("looking the host up");
  if (endpoint.admits) std::erase_if(*addresses, [&](const SocketAddress& each) { return !endpoint.admits(each); });
  if (addresses->empty()) return Error{.code = Code::unreachable, .cause = "its address is not one to be called"};
  auto socket = Race(*addresses).run(deadline, stop);
  if (!socket) return socket.error().during("connecting");
  tune(socket->value());
  return Connection(*std::move(socket));
}

Result<void> Connection::start_tls(std::shared_ptr<const TlsTrust> trust, const std::string& host, Deadline deadline,
                                   const std::stop_token& stop, std::span<const std::string_view> protocols) {
  auto session = TlsSession::client(std::move(trust), socket_.value(), host, protocols);
  if (!session) return session.error();
  tls_ = std::make_unique<TlsSession>(*std::move(session));
  auto shaken = until_done([this] { return tls_->handshake(); }, AtEnd::is_failure, deadline, stop);
  if (!shaken) return shaken.error().during("the TLS handshake");
  return {};
}

template <typename Attempt>
Result<std::size_t> Connection::until_done(Attempt attempt, AtEnd at_end, Deadline deadline,
                                           const std::stop_token& stop) {
  using Progress = TlsSession::Progress;
  for (;;) {
    TlsSession::Step step = attempt();
    if (step.progress == Progress::done) return step.bytes;
    if (step.progress == Progress::ended && at_end == AtEnd::is_fine) return std::size_t{0};
    if (step.progress == Progress::ended) step.cause = "the peer ended the TLS session";
    if (step.progress == Progress::ended || step.progress == Progress::failed)
      return Error{.code = Code::unreachable, .cause = std::move(step.cause)};
    const short events = step.progress == Progress::wants_read ? POLLIN : POLLOUT;
    if (auto waited = wait_for(socket_.value(), events, deadline, stop); !waited) return waited.error();
  }
}

Result<void> Connection::may_go_on(Deadline deadline, const std::stop_token& stop) const {
  if (!home_.is_here()) return Error{.code = Code::unreachable, .cause = "the connection is the parent process's"};
  if (stop.stop_requested()) return Error{.code = Code::cancelled, .cause = "the caller called it off"};
  if (deadline != kNoDeadline && steady_clock::now() >= deadline) return timed_out();
  return {};
}

Result<std::size_t> Connection::read(std::span<char> into, Deadline deadline, const std::stop_token& stop) {
  if (auto may = may_go_on(deadline, stop); !may) return may.error();
  if (!tls_) return read_plain(into, deadline, stop);
  return until_done([&] { return tls_->read(into); }, AtEnd::is_fine, deadline, stop);
}

Result<std::size_t> Connection::read_at_hand(std::span<char> into, const std::stop_token& stop) {
  if (is_quiet()) return timed_out();
  return read(into, deadline_in(kAtHand), stop);
}

Result<std::size_t> Connection::read_plain(std::span<char> into, Deadline deadline, const std::stop_token& stop) {
  bool wait_first = std::exchange(just_written_, false);
  for (;;) {
    if (wait_first) {
      if (auto waited = wait_for(socket_.value(), POLLIN, deadline, stop); !waited) return waited.error();
    }
    const ssize_t bytes = ::recv(socket_.value(), into.data(), into.size(), 0);
    if (bytes >= 0) return static_cast<std::size_t>(bytes);
    if (!would_block(errno) && errno != EINTR) return broken(errno);
    wait_first = true;
  }
}

Result<std::size_t> Connection::write_some(std::string_view first, std::string_view second, Deadline deadline,
                                           const std::stop_token& stop) {
  if (auto may = may_go_on(deadline, stop); !may) return may.error();
  if (!tls_) return write_plain(first, second, deadline, stop);
  if (first.empty() || second.empty()) {
    return until_done([&] { return tls_->write(first.empty() ? second : first); }, AtEnd::is_failure, deadline, stop);
  }
  // One record for both, as far as one goes.
  std::string record(first.substr(0, kTlsRecord));
  record += second.substr(0, kTlsRecord - record.size());
  return until_done([&] { return tls_->write(record); }, AtEnd::is_failure, deadline, stop);
}

Result<std::size_t> Connection::write_plain(std::string_view first, std::string_view second, Deadline deadline,
                                            const std::stop_token& stop) {
  std::array<iovec, 2> parts{iovec{const_cast<char*>(first.data()), first.size()},
                             iovec{const_cast<char*>(second.data()), second.size()}};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  for (;;) {
    const ssize_t bytes = ::sendmsg(socket_.value(), &message, MSG_NOSIGNAL);
    if (bytes >= 0) {
      just_written_ = true;
      return static_cast<std::size_t>(bytes);
    }
    if (!would_block(errno) && errno != EINTR) return broken(errno);
    if (auto waited = wait_for(socket_.value(), POLLOUT, deadline, stop); !waited) return waited.error();
  }
}

Result<void> Connection::write(std::string_view bytes, Deadline deadline, const std::stop_token& stop) {
  while (!bytes.empty()) {
    auto written = write_some(bytes, {}, deadline, stop);
    if (!written) return written.error();
    bytes.remove_prefix(*written);
  }
  return {};
}

bool Connection::is_quiet() {
  if (!home_.is_here()) return false;
  if (tls_) return tls_->peek().progress == TlsSession::Progress::wants_read;
  char byte = 0;
  return ::recv(socket_.value(), &byte, 1, MSG_PEEK) < 0 && would_block(errno);
}

}  // namespace pais::http
