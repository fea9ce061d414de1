// One HTTP/2 connection as a client of gRPC needs it: one request at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/connection.h"
#include "http/message.h"

struct nghttp2_session;
struct nghttp2_session_callbacks;

namespace pais::telemetry {

struct Http2Answer {
  int status = 0;
  http::Headers fields = {};  // of head and trailer
  std::string body = {};
};

// For one thread at a time. After a failure it is of no further use.
class Http2Connection {
 public:
  explicit Http2Connection(http::Connection connection);
  ~Http2Connection();
  Http2Connection(const Http2Connection&) = delete;
  Http2Connection& operator=(const Http2Connection&) = delete;

  // POSTs the pieces of `body`, one behind the other; they outlive the call. Failures as of http::Connection, and
  // `malformed`, `too_large`.
  Result<Http2Answer> post(const http::Headers& fields, std::span<const std::string_view> body, http::Deadline deadline,
                           const std::stop_token& stop);

  // Takes in what the server has said since the last answer (pings, settings, a farewell). Whether it will take
  // another request.
  bool is_ready();
  // About the last request: the server has neither said a word to it nor begun to work on it.
  bool unheard() const { return unheard_; }

 private:
  struct Exchange;
  struct Callbacks;

  Result<void> send_pending(http::Deadline deadline, const std::stop_token& stop);
  Result<void> take_in(http::Deadline deadline, const std::stop_token& stop);
  Result<void> until_over(Exchange& exchange, http::Deadline deadline, const std::stop_token& stop);

  http::Connection connection_;
  nghttp2_session* session_ = nullptr;
  Exchange* exchange_ = nullptr;  // the one under way
  std::string frames_;            // on their way out
  bool leaving_ = false;          // the server has said farewell
  bool unheard_ = true;
};

}  // namespace pais::telemetry
