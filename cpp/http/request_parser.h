// The door to httplib's server: turns the head of one well-formed request into a Request.
#pragma once

#include <memory>

#include "base/result.h"
#include "http/framing.h"
#include "http/server.h"

namespace pais::http {

// Header fields are copied as framing found them: httplib 0.11 would percent-decode their values, refuse empty ones
// and let a client shadow its own REMOTE_ADDR (docs/decisions/0003). Reading the query is httplib's; it gets to see
// the request line and nothing else of what a stranger sent. For one thread at a time.
class RequestParser {
 public:
  RequestParser();
  ~RequestParser();

  // All of the request but its id, peer, body and path parameter.
  Result<Request> parse(const Head& head);

 private:
  class Door;
  std::unique_ptr<Door> door_;
};

}  // namespace pais::http
