// Bodies in chunks: written, and taken apart strictly as their bytes come.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pais::http {

// One chunk with that payload, which is not empty: an empty chunk is the last one.
std::string as_chunk(std::string_view payload);

class ChunkedReader {
 public:
  // `limit` bounds the decoded body (0: no limit); chunk extensions and trailers are read and dropped, within limits.
  explicit ChunkedReader(std::size_t limit) : limit_(limit) {}

  // Reads from the front of `bytes`, appending to `body`; returns how many bytes were used. All of them, unless the
  // body ended before (`done()`).
  Result<std::size_t> feed(std::string_view bytes, std::string& body);

  bool done() const { return state_ == State::done; }

 private:
  enum class State { size, extension, size_lf, data, data_cr, data_lf, trailer, trailer_lf, done };

  Result<void> take(char c);
  Result<void> take_size(char c);
  Result<void> take_trailer(char c);

  std::size_t limit_;
  State state_ = State::size;
  std::uint64_t size_ = 0;  // of this chunk, then what is left of it
  std::size_t size_digits_ = 0;
  std::size_t line_bytes_ = 0;  // of this extension
  std::size_t trailer_bytes_ = 0;
  std::size_t trailer_line_ = 0;
  std::size_t total_ = 0;
};

}  // namespace pais::http
