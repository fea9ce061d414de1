// Server-sent events, as a client reads them.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace pais::http {

struct SseEvent {
  std::string event;  // "" when the stream named none
  std::string data;   // its lines joined with "\n"
  std::string id;     // the last id seen on the stream
};

// Reads a stream of events from bytes that may be cut anywhere, also inside a line end or a UTF-8 character. LF, CRLF
// and CR all end a line; comments and unknown fields are skipped; an event without data is none.
class SseReader {
 public:
  explicit SseReader(std::size_t max_event_bytes = 16 * 1024 * 1024) : max_event_bytes_(max_event_bytes) {}

  // Calls `on_event` for each event that `bytes` completes; it may return false to stop. False when it did, or when
  // an event grew over the limit (`overflowed()` tells).
  bool feed(std::string_view bytes, const std::function<bool(const SseEvent&)>& on_event);

  bool overflowed() const { return overflowed_; }
  std::optional<std::chrono::milliseconds> retry() const { return retry_; }

 private:
  bool take_line(std::string_view line, const std::function<bool(const SseEvent&)>& on_event);
  void take_field(std::string_view field, std::string_view value);
  bool dispatch(const std::function<bool(const SseEvent&)>& on_event);

  std::size_t max_event_bytes_;
  std::string line_;
  SseEvent event_;
  bool has_data_ = false;
  bool after_cr_ = false;
  bool at_start_ = true;
  bool overflowed_ = false;
  std::optional<std::chrono::milliseconds> retry_;
};

}  // namespace pais::http
