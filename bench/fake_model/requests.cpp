#include "fake_model/requests.h"

#include <charconv>
#include <strings.h>

namespace pais::bench {
namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";

// The value of a header, or "". `name` has its colon.
std::string_view header(std::string_view head, std::string_view name) {
  for (auto start = head.find('\n') + 1; start != 0 && start < head.size(); start = head.find('\n', start) + 1) {
    const auto line = head.substr(start, head.find('\r', start) - start);
    if (line.size() < name.size() || strncasecmp(line.data(), name.data(), name.size()) != 0) continue;
    const auto value = line.find_first_not_of(' ', name.size());
    return value == std::string_view::npos ? std::string_view{} : line.substr(value);
  }
  return {};
}

// How often `name` stands in the JSON text with `value` behind it. Both have their quotes; a user's own words cannot
// look like that, because quotes inside a string are escaped.
std::size_t count_members(std::string_view json, std::string_view name, std::string_view value) {
  std::size_t count = 0;
  for (auto at = json.find(name); at != std::string_view::npos; at = json.find(name, at + 1)) {
    const auto colon = json.find_first_not_of(" \n", at + name.size());
    if (colon == std::string_view::npos || json[colon] != ':') continue;
    const auto start = json.find_first_not_of(" \n", colon + 1);
    if (start != std::string_view::npos && json.substr(start).starts_with(value)) ++count;
  }
  return count;
}

}  // namespace

bool RawRequest::asks_for_chat() const {
  const auto path_end = head.find(' ', head.find(' ') + 1);
  return head.starts_with("POST ") && head.substr(0, path_end).ends_with("/chat/completions");
}

std::optional<RawRequest> first_request(std::string_view input) {
  const auto end = input.find(kHeadEnd);
  if (end == std::string_view::npos) return std::nullopt;
  const auto head = input.substr(0, end + 2);
  const bool chunked = !header(head, "transfer-encoding:").empty();
  if (chunked) return RawRequest{.head = head, .body = {}, .size = input.size(), .has_known_length = false};
  const auto length = header(head, "content-length:");
  std::size_t body = 0;
  std::from_chars(length.data(), length.data() + length.size(), body);
  const auto start = end + kHeadEnd.size();
  if (input.size() - start < body) return std::nullopt;
  return RawRequest{.head = head, .body = input.substr(start, body), .size = start + body};
}

ChatAsked read_chat(std::string_view body) {
  return {.stream = count_members(body, R"("stream")", "true") > 0,
          .include_usage = count_members(body, R"("include_usage")", "true") > 0,
          .tool_results = count_members(body, R"("role")", R"("tool")")};
}

}  // namespace pais::bench
