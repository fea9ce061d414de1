// How an answer looks on the wire.
#pragma once

#include <string>
#include <string_view>

#include "http/server.h"

namespace pais::http {

std::string_view reason_phrase(int status);

// "Sat, 21 Nov 2026 09:00:00 GMT", made once a second and thread; good until the thread asks again.
std::string_view date_now();

// What every answer says beside its own headers.
struct Envelope {
  std::string_view request_id;
  const Headers& cors;
  bool close = false;
};

// The head of a whole answer, with its blank line. A value that would break the line it stands in is left out.
std::string response_head(const Response& response, const Envelope& envelope);

inline constexpr std::string_view kStreamType = "text/event-stream; charset=utf-8";

// The head of an event stream; not chunked, it ends with the connection.
std::string stream_head(const Headers& headers, const Envelope& envelope, bool chunked);

}  // namespace pais::http
