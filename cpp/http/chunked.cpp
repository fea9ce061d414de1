#include "http/chunked.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace pais::http {
namespace {

constexpr std::size_t kMaxExtension = 256;
constexpr std::size_t kMaxTrailers = 8 * 1024;
constexpr std::size_t kMaxSizeDigits = 15;  // far beyond any body, and cannot overflow

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Error bad(std::string cause) {
  return Error{.code = Code::bad_request, .cause = std::move(cause)};
}

bool is_control(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
}

}  // namespace

std::string as_chunk(std::string_view payload) {
  std::array<char, kMaxSizeDigits + 1> size{};
  const auto end = std::to_chars(size.data(), size.data() + size.size(), payload.size(), 16).ptr;
  std::string chunk;
  chunk.reserve(payload.size() + size.size() + 4);
  return chunk.append(size.data(), end).append("\r\n").append(payload).append("\r\n");
}

Result<std::size_t> ChunkedReader::feed(std::string_view bytes, std::string& body) {
  std::size_t used = 0;
  while (used < bytes.size() && state_ != State::done) {
    if (state_ != State::data) {
      if (auto taken = take(bytes[used++]); !taken) return taken.error();
      continue;
    }
    const std::size_t piece = std::min<std::uint64_t>(size_, bytes.size() - used);
    body.append(bytes.substr(used, piece));
    used += piece;
    size_ -= piece;
    if (size_ == 0) state_ = State::data_cr;
  }
  return used;
}

Result<void> ChunkedReader::take(char c) {
  switch (state_) {
    case State::size:
      return take_size(c);
    case State::extension:
      if (c == '\r') {
        state_ = State::size_lf;
      } else if (is_control(c) || ++line_bytes_ > kMaxExtension) {
        return bad("a chunk extension that is too long or no text");
      }
      return {};
    case State::size_lf:
      if (c != '\n') return bad("a chunk size without line end");
      if (limit_ != 0 && size_ > limit_ - total_) {
        return Error{.code = Code::payload_too_large, .cause = "a chunked body over the limit"};
      }
      total_ += size_;
      state_ = size_ == 0 ? State::trailer : State::data;
      return {};
    case State::data_cr:
      if (c != '\r') return bad("a chunk longer than its size");
      state_ = State::data_lf;
      return {};
    case State::data_lf:
      if (c != '\n') return bad("a chunk without line end");
      state_ = State::size;
      size_ = size_digits_ = line_bytes_ = 0;
      return {};
    case State::trailer:
    case State::trailer_lf:
      return take_trailer(c);
    case State::data:
    case State::done:
      break;
  }
  return {};
}

Result<void> ChunkedReader::take_size(char c) {
  if (const int digit = hex_value(c); digit >= 0) {
    if (++size_digits_ > kMaxSizeDigits) return bad("a chunk size with too many digits");
    size_ = size_ * 16 + static_cast<std::uint64_t>(digit);
    return {};
  }
  if (size_digits_ == 0) return bad("a chunk size that is no number");
  if (c == '\r') {
    state_ = State::size_lf;
  } else if (c == ';') {
    state_ = State::extension;
  } else {
    return bad("a chunk size that is no number");
  }
  return {};
}

// Trailer lines are dropped; a blank one ends the body.
Result<void> ChunkedReader::take_trailer(char c) {
  if (++trailer_bytes_ > kMaxTrailers) return Error{.code = Code::headers_too_large, .cause = "long trailers"};
  if (state_ == State::trailer_lf) {
    if (c != '\n') return bad("a trailer without line end");
    state_ = trailer_line_ == 0 ? State::done : State::trailer;
    trailer_line_ = 0;
    return {};
  }
  if (c == '\r') {
    state_ = State::trailer_lf;
    return {};
  }
  if (is_control(c)) return bad("a control character in a trailer");
  ++trailer_line_;
  return {};
}

}  // namespace pais::http
