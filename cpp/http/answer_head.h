// The head of an answer: whether it is one, and how its body is framed.
//
// As strict as framing.h is with requests, for a server we call may be just as hostile as a client that calls us. Pure
// functions over bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace pais::http {

struct AnswerHead {
  enum class Body { none, sized, chunked, until_close };

  int status = 0;
  Headers headers;
  Body body = Body::until_close;
  std::uint64_t content_length = 0;  // of a sized body
  bool keep_alive = true;

  bool interim() const { return status < 200; }
};

inline constexpr std::size_t kMaxAnswerHeadBytes = 64 * 1024;
inline constexpr std::size_t kMaxAnswerHeaders = 256;

// Whether `bytes` may still become an answer: what is not HTTP is known by its first line.
bool may_be_answer(std::string_view bytes);

// The size of the head at the front of `bytes`, with its blank line; 0 while it is not all there. `searched` is the
// scanner's bookmark, 0 at first.
std::size_t answer_head_size(std::string_view bytes, std::size_t& searched);

// Reads a whole head. `method` is the request's: the answer to HEAD has no body. Failures: `malformed`, `too_large`.
Result<AnswerHead> read_answer_head(std::string_view head, std::string_view method);

}  // namespace pais::http
