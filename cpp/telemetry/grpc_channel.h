// Unary gRPC calls to one server, one after the other, over one connection that is kept: HTTP/2 by nghttp2 over our
// own connections, in plain text or TLS.
#pragma once

#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/connection.h"
#include "http/message.h"
#include "telemetry/bytes.h"
#include "telemetry/grpc_status.h"

namespace pais::telemetry {

class Http2Connection;

struct GrpcServer {
  http::Endpoint endpoint;
  std::string authority;  // "collector:4317"
  bool tls = false;
  std::string ca_file = {};         // TLS: beside the system's roots
  http::TlsIdentity identity = {};  // TLS: to show to a server that wants to know us
};

// The views must outlive the call.
struct GrpcCall {
  std::string_view path;           // "/package.Service/Method"
  http::Headers metadata = {};     // names in lower case
  std::span<const Bytes> message;  // in pieces that follow each other
  bool gzip = false;
};

struct GrpcReply {
  GrpcStatus status;
  std::string message = {};
};

// For one thread at a time. The connection is made when the first call needs it, and made anew when the server ends it:
// a call that meets a connection already ended is made again once, if the server has not said a word to it. In a forked
// child it is of no use.
class GrpcChannel {
 public:
  explicit GrpcChannel(GrpcServer server);
  ~GrpcChannel();

  // Failures: `unreachable`, `timed_out`, `cancelled` (within 100 ms of the stop), `malformed` (it does not speak
  // HTTP/2), `too_large` (an answer over a megabyte). A status of gRPC is none.
  Result<GrpcReply> call(const GrpcCall& call, http::Deadline deadline, const std::stop_token& stop);

 private:
  Result<GrpcReply> attempt(const GrpcCall& call, http::Deadline deadline, const std::stop_token& stop);
  Result<void> connect(http::Deadline deadline, const std::stop_token& stop);

  const GrpcServer server_;
  std::unique_ptr<Http2Connection> session_;  // null: none is open
};

}  // namespace pais::telemetry
