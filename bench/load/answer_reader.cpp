#include "load/answer_reader.h"

#include <algorithm>
#include <charconv>
#include <strings.h>
#include <utility>

namespace pais::bench {
namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";

bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return text;
}

template <typename Number>
bool read_number(std::string_view text, int base, Number& value) {
  return std::from_chars(text.data(), text.data() + text.size(), value, base).ec == std::errc{};
}

}  // namespace

AnswerReader::State AnswerReader::feed(std::string_view bytes, BodySink* sink) {
  State state = State::more;
  while (state == State::more && !bytes.empty()) state = step(bytes, sink);
  const bool unasked = state == State::whole && !bytes.empty();
  return unasked ? State::broken : state;
}

AnswerReader::State AnswerReader::end_of_connection() {
  if (part_ != Part::open_body) return State::broken;
  closes_ = true;
  return finish();
}

AnswerReader::State AnswerReader::step(std::string_view& bytes, BodySink* sink) {
  switch (part_) {
    case Part::head:
      return take_head(bytes);
    case Part::counted_body:
      pass_on(bytes, sink);
      return left_ == 0 ? finish() : State::more;
    case Part::open_body:
      if (sink) sink->take(bytes);
      bytes = {};
      return State::more;
    case Part::chunk_size:
      return take_chunk_size(bytes);
    case Part::chunk_body:
      pass_on(bytes, sink);
      if (left_ == 0) part_ = Part::chunk_end;
      return State::more;
    case Part::chunk_end:
      if (take_line(bytes)) part_ = Part::chunk_size;
      return State::more;
    case Part::trailer:
      return take_trailer(bytes);
  }
  return State::broken;
}

AnswerReader::State AnswerReader::take_head(std::string_view& bytes) {
  if (head_.empty()) {
    const auto end = bytes.find(kHeadEnd);
    if (end != std::string_view::npos) {
      const auto head = bytes.substr(0, end + 2);
      bytes.remove_prefix(end + kHeadEnd.size());
      return read_head(head);
    }
  }
  const std::size_t before = head_.size();
  head_ += bytes;
  const auto end = head_.find(kHeadEnd, before < 3 ? 0 : before - 3);
  if (end == std::string::npos) {
    bytes = {};
    return State::more;
  }
  bytes.remove_prefix(end + kHeadEnd.size() - before);
  const std::string head = head_.substr(0, end + 2);
  head_.clear();
  return read_head(head);
}

AnswerReader::State AnswerReader::read_head(std::string_view head) {
  if (!head.starts_with("HTTP/1.") || head.size() < 12 || !read_number(head.substr(9, 3), 10, status_)) {
    return State::broken;
  }
  closes_ = head[7] == '0';
  bool counted = status_ == 204 || status_ == 304;
  bool chunked = false;
  left_ = 0;
  for (auto start = head.find('\n') + 1; start < head.size(); start = head.find('\n', start) + 1) {
    const auto line = head.substr(start, head.find('\r', start) - start);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return State::broken;
    const auto name = line.substr(0, colon);
    const auto value = trimmed(line.substr(colon + 1));
    if (same(name, "content-length")) counted = read_number(value, 10, left_);
    if (same(name, "transfer-encoding")) chunked = same(value, "chunked");
    if (same(name, "connection")) closes_ = same(value, "close");
  }
  if (status_ < 200) return State::more;  // an interim answer: the real head follows
  part_ = chunked ? Part::chunk_size : counted ? Part::counted_body : Part::open_body;
  return part_ == Part::counted_body && left_ == 0 ? finish() : State::more;
}

void AnswerReader::pass_on(std::string_view& bytes, BodySink* sink) {
  const auto piece = bytes.substr(0, std::min<std::uint64_t>(left_, bytes.size()));
  if (sink) sink->take(piece);
  bytes.remove_prefix(piece.size());
  left_ -= piece.size();
}

AnswerReader::State AnswerReader::take_chunk_size(std::string_view& bytes) {
  const auto line = take_line(bytes);
  if (!line) return State::more;
  if (!read_number(*line, 16, left_)) return State::broken;
  part_ = left_ == 0 ? Part::trailer : Part::chunk_body;
  return State::more;
}

AnswerReader::State AnswerReader::take_trailer(std::string_view& bytes) {
  const auto line = take_line(bytes);
  return line && *line == "\r\n" ? finish() : State::more;
}

AnswerReader::State AnswerReader::finish() {
  part_ = Part::head;
  return State::whole;
}

std::optional<std::string> AnswerReader::take_line(std::string_view& bytes) {
  const auto end = bytes.find('\n');
  const auto piece = bytes.substr(0, end == std::string_view::npos ? bytes.size() : end + 1);
  line_ += piece;
  bytes.remove_prefix(piece.size());
  if (end == std::string_view::npos) return std::nullopt;
  return std::exchange(line_, {});
}

}  // namespace pais::bench
