// One outgoing connection: TCP, a Unix socket, or TLS over either, with deadlines and a way to be called off.
//
// Every call that may wait takes a deadline and a stop token and fails with `timed_out` or `cancelled` (within
// milliseconds of the stop); whatever else ends a connection is `unreachable`. Once a deadline is over nothing is read
// or written, also what would not have to be waited for: a peer that sends without a pause lets nobody wait. After a
// failure of a read or a write the connection is of no further use, and neither is it in a child that was forked. For
// one thread at a time. No call raises SIGPIPE or throws.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/home_process.h"
#include "base/result.h"
#include "http/owned_fd.h"
#include "http/resolver.h"
#include "http/tls.h"
#include "http/wait.h"

namespace pais::http {

// Where to connect to: a host, or a Unix socket when `socket_path` is not empty.
struct Endpoint {
  std::string host = {};  // a name or an address, IPv6 without brackets
  std::uint16_t port = 0;
  std::string socket_path = {};
  std::function<bool(const SocketAddress&)> admits = {};  // of the addresses the name has; none: all of them
};

class Connection {
 public:
  // Looks the name up and tries its addresses, a quarter of a second apart, until one answers: an address that
  // swallows everything costs no more than that. `deadline` covers all of it.
  static Result<Connection> open(const Endpoint& endpoint, Deadline deadline, const std::stop_token& stop,
                                 const Resolver& resolver = Resolver::system());

  // Speaks TLS from here on. The certificate must be good for `host`. `protocols` are offered by ALPN.
  Result<void> start_tls(std::shared_ptr<const TlsTrust> trust, const std::string& host, Deadline deadline,
                         const std::stop_token& stop, std::span<const std::string_view> protocols = {});
  // What ALPN agreed on, or "".
  std::string_view protocol() const { return tls_ ? tls_->protocol() : std::string_view(); }

  // What has arrived, waiting for the first byte of it. 0: the peer has ended the stream, properly.
  Result<std::size_t> read(std::span<char> into, Deadline deadline, const std::stop_token& stop);
  // The same, without waiting: `timed_out` when nothing has arrived.
  Result<std::size_t> read_at_hand(std::span<char> into, const std::stop_token& stop);

  // Hands the kernel as much of `first` and then `second` as it takes, waiting until it takes something.
  Result<std::size_t> write_some(std::string_view first, std::string_view second, Deadline deadline,
                                 const std::stop_token& stop);
  // All of `bytes`.
  Result<void> write(std::string_view bytes, Deadline deadline, const std::stop_token& stop);

  // Whether nothing has happened here since the last answer: not closed by the peer, and no byte unasked for.
  bool is_quiet();

  int fd() const { return socket_.value(); }

 private:
  explicit Connection(OwnedFd socket) : socket_(std::move(socket)) {}

  Result<void> may_go_on(Deadline deadline, const std::stop_token& stop) const;
  Result<std::size_t> read_plain(std::span<char> into, Deadline deadline, const std::stop_token& stop);
  Result<std::size_t> write_plain(std::string_view first, std::string_view second, Deadline deadline,
                                  const std::stop_token& stop);
  // Repeats `attempt` until TLS has got through. What it means that the peer ends the session depends on what was
  // attempted.
  enum class AtEnd { is_fine, is_failure };
  template <typename Attempt>
  Result<std::size_t> until_done(Attempt attempt, AtEnd at_end, Deadline deadline, const std::stop_token& stop);

  HomeProcess home_;
  OwnedFd socket_;
  std::unique_ptr<TlsSession> tls_;
  bool just_written_ = false;  // so the answer cannot be here yet
};

}  // namespace pais::http
