// HTTP/1.1 over one connection: cpp-httplib writes requests and reads answers, and every byte of both passes through
// a stream of ours, which keeps the deadlines, the limits and the framing.
//
// httplib never sees what a stranger sent as anything but the payload of a body: head and chunks are read and checked
// by us (answer_head.h, chunked.h), and it is shown a bare status line and a body that ends with its stream. So the
// holes of old releases (percent-decoded header values, compressed answers, lengths that wrap, lines without end)
// cannot be reached.
#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/client.h"
#include "http/connection.h"

namespace pais::http {

// A request that has been found well-formed. The views must outlive the call.
struct Call {
  std::string_view method;
  std::string target;
  Headers headers;
  std::string_view body;
  ClientLimits limits;
  Deadline end = kNoDeadline;  // of the whole call
  // How long the end of an answer is waited for whose receiver has had enough: with it the connection is good for the
  // next call.
  std::chrono::milliseconds patience{0};
};

class CallStream;

// For one call at a time, from any thread.
class HttplibClient {
 public:
  explicit HttplibClient(Connection connection);
  ~HttplibClient();

  // Failures as Client tells them. `receiver` may be null: the body goes into the response.
  Result<ClientResponse> make(const Call& call, const Receiver* receiver, const std::stop_token& stop);

  // About the call that was made last: whether another may follow on this connection; whether the patience for its
  // end was in vain; whether no byte of an answer was seen; whether the kernel took no byte of the request.
  bool reusable() const { return reusable_; }
  bool kept_waiting() const { return kept_waiting_; }
  bool unheard() const { return unheard_; }
  bool unsent() const { return unsent_; }

  // Whether the connection, idle since, is still good for a call.
  bool is_quiet() { return connection_.is_quiet(); }

 private:
  class Door;

  void skip_rest(CallStream& stream, const Call& call);

  Connection connection_;
  std::unique_ptr<Door> door_;
  bool reusable_ = false;
  bool kept_waiting_ = false;
  bool unheard_ = true;
  bool unsent_ = true;
};

}  // namespace pais::http
