#include "http/sse.h"

#include <algorithm>
#include <charconv>

namespace pais::http {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::optional<std::chrono::milliseconds> read_retry(std::string_view digits) {
  std::uint32_t value = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (problem != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return std::chrono::milliseconds(value);
}

}  // namespace

bool SseReader::feed(std::string_view bytes, const std::function<bool(const SseEvent&)>& on_event) {
  while (!bytes.empty() && !overflowed_) {
    if (after_cr_ && bytes.front() == '\n') {
      after_cr_ = false;
      bytes.remove_prefix(1);
      continue;
    }
    const std::size_t end = std::min(bytes.find_first_of("\r\n"), bytes.size());
    if (line_.size() + event_.data.size() + end > max_event_bytes_) {
      overflowed_ = true;
      return false;
    }
    after_cr_ = false;
    if (end == bytes.size()) {
      line_.append(bytes);
      return true;
    }
    after_cr_ = bytes[end] == '\r';
    std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(end + 1);
    if (!line_.empty()) line = line_.append(line);
    const bool goes_on = take_line(line, on_event);
    line_.clear();
    if (!goes_on) return false;
  }
  return !overflowed_;
}

bool SseReader::take_line(std::string_view line, const std::function<bool(const SseEvent&)>& on_event) {
  if (at_start_ && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  at_start_ = false;
  if (line.empty()) return dispatch(on_event);

  const std::size_t colon = std::min(line.find(':'), line.size());
  const std::string_view field = line.substr(0, colon);
  std::string_view value = line.substr(std::min(colon + 1, line.size()));
  if (value.starts_with(' ')) value.remove_prefix(1);
  take_field(field, value);
  return true;
}

void SseReader::take_field(std::string_view field, std::string_view value) {
  if (field == "data") {
    if (has_data_) event_.data += '\n';
    event_.data += value;
    has_data_ = true;
  } else if (field == "event") {
    event_.event = value;
  } else if (field == "id") {
    if (value.find('\0') == std::string_view::npos) event_.id = value;
  } else if (field == "retry") {
    if (const auto retry = read_retry(value)) retry_ = retry;
  }
}

bool SseReader::dispatch(const std::function<bool(const SseEvent&)>& on_event) {
  const bool goes_on = !has_data_ || on_event(event_);
  event_.event.clear();
  event_.data.clear();
  has_data_ = false;
  return goes_on;
}

}  // namespace pais::http
