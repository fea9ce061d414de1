// Where a request begins and ends, and whether it is one at all.
//
// The strict reading of RFC 9112, for bytes that may come from anybody: what is not plainly well-formed is refused, so
// that whoever reads the same bytes after us (httplib here, a proxy before us) cannot see another request in them.
// Pure functions over bytes: no socket, no clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pais::http {

struct HeadLimits {
  std::size_t bytes = 32 * 1024;  // request line and header lines together
  std::size_t lines = 100;        // header lines
  std::size_t target_bytes = 8 * 1024;
  std::size_t line_bytes = 8 * 1024;  // one header line: what httplib reads at most
};

// The part of a request before its body. The views point into the bytes it was read from.
struct Head {
  enum class Body { none, sized, chunked };

  std::string_view method;
  std::string_view target;  // in origin form, or "*"
  std::string_view host;    // of the Host header, or of an absolute target; empty for HTTP/1.0 without one
  std::string_view fields;  // the header lines, each with its CRLF
  std::size_t size = 0;     // with the blank line
  int minor_version = 1;
  Body body = Body::none;
  std::uint64_t content_length = 0;
  bool keep_alive = true;
  bool expects_continue = false;
  bool compressed = false;  // a content coding other than identity

  std::string_view path() const { return target.substr(0, target.find('?')); }
};

// Reads the head at the front of `bytes`; nothing when more bytes are needed. `searched` is the scanner's bookmark: 0
// at first, kept between calls while the same bytes grow, so that a slow drip is not read over and over.
Result<std::optional<Head>> read_head(std::string_view bytes, const HeadLimits& limits, std::size_t& searched);

// Calls `visit(name, value)` for each header line of a head that was read; values come without the white space around.
template <typename Visit>
void for_each_field(std::string_view fields, Visit visit) {
  while (!fields.empty()) {
    const std::string_view line = fields.substr(0, fields.find("\r\n"));
    fields.remove_prefix(line.size() + 2);
    const std::size_t colon = line.find(':');
    std::string_view value = line.substr(colon + 1);
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
    visit(line.substr(0, colon), value);
  }
}

bool is_token(std::string_view text);

}  // namespace pais::http
