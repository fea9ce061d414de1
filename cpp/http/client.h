// The HTTP client of every part that calls somebody: models, MCP servers, other agents, collectors.
//
// One Client serves all threads. Connections are kept alive and pooled by origin; TLS trusts the system's roots;
// HTTP_PROXY, HTTPS_PROXY and NO_PROXY are honoured. Redirects are never followed. Nothing here throws.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace pais::http {

struct SocketAddress;  // http/resolver.h
struct Url;            // http/url.h

// Of each, 0 means no limit.
struct ClientLimits {
  std::chrono::milliseconds connect{10'000};      // looking the host up, connecting, proxy, TLS
  std::chrono::milliseconds first_byte{600'000};  // from the request's last byte to the answer's first
  std::chrono::milliseconds idle{120'000};        // between two reads of the answer, or two writes of the request
  std::chrono::milliseconds total{600'000};       // all of it
  std::size_t answer_bytes = 16 * 1024 * 1024;    // of a whole answer, and of a stream altogether
};

struct ClientRequest {
  std::string method = "POST";
  std::string url;
  Headers headers = {};
  std::string body = {};
  std::string content_type = "application/json";
  ClientLimits limits = {};
};

struct ClientResponse {
  int status = 0;
  Headers headers = {};
  std::string body = {};  // empty when a receiver took it

  std::string_view header(std::string_view name) const { return find_header(headers, name); }
};

// Takes the answer as it comes. `on_head` decides whether the body goes to `on_bytes` (true) or into
// `ClientResponse::body` (false: for instance an error that is no stream). `on_bytes` returns false to end the call,
// which is then no error: a receiver that knows the end when it sees it need not wait for the connection to say so. The
// rest is skipped and the connection used again, if it comes within a quarter of a second; else it is closed, and that
// origin is not waited for again for a while.
struct Receiver {
  std::function<bool(const ClientResponse& head)> on_head;
  std::function<bool(std::string_view bytes)> on_bytes;
  // Asked after `on_head` and each `on_bytes`: how long the next bytes are worth waiting for, beside `limits.idle`; 0
  // for as long as it takes.
  std::function<std::chrono::milliseconds()> patience = {};
};

// Follows single calls, from whichever thread makes them: must be quick and must not block.
class CallFollower {
 public:
  using End = std::function<void(const Result<ClientResponse>&)>;

  virtual ~CallFollower() = default;
  // A call is about to be made. `headers` are those it goes out with, and may be changed. What is returned hears how it
  // ended; {}: this one is not followed.
  virtual End follow(const ClientRequest& request, const Url& url, Headers& headers) = 0;
};

// Failures: `unreachable` (no connection, also when none came about in `limits.connect`; nothing was sent), `timed_out`
// (any other limit), `too_large`, `malformed` (the answer broke off or is not HTTP), `cancelled` (within 100 ms of the
// stop). An answer of any status is not a failure.
//
// A pooled connection that the peer closed while it was idle is replaced without the caller knowing, if not a byte of
// an answer was seen and the request may be repeated: always for GET, HEAD and DELETE, for others only when the
// request was surely not received.
//
// A child that was forked can go on calling: it never uses a connection of its parent's, and keeps none between calls.
class Client {
 public:
  struct Options {
    std::size_t idle_per_origin = 64;
    std::chrono::milliseconds idle_for{30'000};
    bool trust_environment = true;      // the proxy variables
    std::string ca_file = {};           // beside the system's roots
    std::string certificate_file = {};  // to show to servers that want one
    std::string key_file = {};          // its private key
    std::string user_agent = "pais";
    // The addresses that may be connected to, asked once a name has been looked up; none: all. What a proxy connects to
    // is the proxy's to decide.
    std::function<bool(const SocketAddress&)> admits = {};
    std::shared_ptr<CallFollower> follower = {};  // null: nobody follows
  };

  Client();
  explicit Client(Options options);
  ~Client();

  Result<ClientResponse> send(const ClientRequest& request, std::stop_token stop = {}) const;
  Result<ClientResponse> send(const ClientRequest& request, const Receiver& receiver, std::stop_token stop = {}) const;

 private:
  class Pool;
  std::unique_ptr<Pool> pool_;
};

}  // namespace pais::http
