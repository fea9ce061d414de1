// Reads one HTTP answer after the other from bytes that may be cut anywhere: the status, and where the answer ends.
//
// Made for speed against servers that we trust to speak HTTP: it looks at Content-Length, Transfer-Encoding and
// Connection and at no other header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pais::bench {

// Takes the body of an answer as it comes, without the chunked framing.
class BodySink {
 public:
  virtual ~BodySink() = default;
  virtual void take(std::string_view bytes) = 0;
};

class AnswerReader {
 public:
  enum class State { more, whole, broken };

  // After `whole` the next bytes belong to the next answer. `sink` may be null.
  State feed(std::string_view bytes, BodySink* sink);

  // What the end of the connection means: the end of an answer that has no other, or a broken one.
  State end_of_connection();

  int status() const { return status_; }
  bool closes() const { return closes_; }

 private:
  enum class Part { head, counted_body, open_body, chunk_size, chunk_body, chunk_end, trailer };

  State step(std::string_view& bytes, BodySink* sink);
  State take_head(std::string_view& bytes);
  State read_head(std::string_view head);
  void pass_on(std::string_view& bytes, BodySink* sink);
  State take_chunk_size(std::string_view& bytes);
  State take_trailer(std::string_view& bytes);
  State finish();

  // One line with its end, cut off `bytes`; none while the end is missing.
  std::optional<std::string> take_line(std::string_view& bytes);

  Part part_ = Part::head;
  std::string head_;  // of the answer that is being read, when it did not come in one piece
  std::string line_;  // the part of a line that has come so far
  std::uint64_t left_ = 0;
  int status_ = 0;
  bool closes_ = false;
};

}  // namespace pais::bench
