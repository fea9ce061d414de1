#include "http/answer_head.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "http/framing.h"

namespace pais::http {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::string_view kVersion = "HTTP/1.";
constexpr std::size_t kMaxLengthDigits = 18;

Error bad(std::string cause) {
  return Error{.code = Code::malformed, .cause = "the answer has " + std::move(cause)};
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_text(char c) {
  return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
}

// "HTTP/1.1 200 OK": the reason may be missing, with or without its space.
std::optional<int> read_status(std::string_view line) {
  if (line.size() < 12 || !line.starts_with(kVersion) || (line[7] != '0' && line[7] != '1') || line[8] != ' ') {
    return std::nullopt;
  }
  if (line.size() > 12 && line[12] != ' ') return std::nullopt;
  if (!std::ranges::all_of(line.substr(9, 3), is_digit) || !std::ranges::all_of(line, is_text)) return std::nullopt;
  int status = 0;
  std::from_chars(line.data() + 9, line.data() + 12, status);
  if (status < 100 || status > 599) return std::nullopt;
  return status;
}

// Every line has a name, a colon right behind it, and a value that is text. (So no line continues another.)
Result<void> check_lines(std::string_view lines) {
  std::size_t count = 0;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find(kLineEnd));
    lines.remove_prefix(line.size() + kLineEnd.size());
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return bad("a header without a name");
    if (!std::ranges::all_of(line.substr(colon + 1), is_text)) return bad("a control character in a header");
    if (++count > kMaxAnswerHeaders) return Error{.code = Code::too_large, .cause = "the answer has too many headers"};
  }
  return {};
}

bool names(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    std::string_view item = list.substr(0, list.find(','));
    list.remove_prefix(std::min(item.size() + 1, list.size()));
    while (!item.empty() && (item.front() == ' ' || item.front() == '\t')) item.remove_prefix(1);
    while (!item.empty() && (item.back() == ' ' || item.back() == '\t')) item.remove_suffix(1);
    if (equal_ignoring_case(item, token)) return true;
  }
  return false;
}

struct FramingFacts {
  int lengths = 0;
  int codings = 0;
  std::string_view length;
  std::string_view transfer_coding;
  bool compressed = false;
  bool wants_close = false;
};

FramingFacts gather(const Headers& headers) {
  FramingFacts facts;
  for (const auto& [name, value] : headers) {
    if (equal_ignoring_case(name, "Content-Length")) {
      ++facts.lengths;
      facts.length = value;
    } else if (equal_ignoring_case(name, "Transfer-Encoding")) {
      ++facts.codings;
      facts.transfer_coding = value;
    } else if (equal_ignoring_case(name, "Content-Encoding")) {
      facts.compressed |= !value.empty() && !equal_ignoring_case(value, "identity");
    } else if (equal_ignoring_case(name, "Connection")) {
      facts.wants_close |= names(value, "close");
    }
  }
  return facts;
}

Result<void> read_framing(const FramingFacts& facts, bool http_1_0, AnswerHead& head) {
  if (facts.lengths > 1) return bad("more than one Content-Length");
  if (facts.lengths + facts.codings > 1) return bad("more than one way to find its end");
  if (facts.lengths == 1) {
    const bool digits = !facts.length.empty() && std::ranges::all_of(facts.length, is_digit);
    if (!digits || facts.length.size() > kMaxLengthDigits) return bad("a Content-Length that is no length");
    std::from_chars(facts.length.data(), facts.length.data() + facts.length.size(), head.content_length);
    head.body = AnswerHead::Body::sized;
  } else if (facts.codings == 1) {
    if (http_1_0 || !equal_ignoring_case(facts.transfer_coding, "chunked")) return bad("an unknown transfer coding");
    head.body = AnswerHead::Body::chunked;
  }
  return {};
}

}  // namespace

bool may_be_answer(std::string_view bytes) {
  const std::size_t size = std::min(bytes.size(), kVersion.size());
  if (bytes.substr(0, size) != kVersion.substr(0, size)) return false;
  const std::size_t line_end = bytes.find('\n');
  return line_end == std::string_view::npos || bytes[line_end - 1] == '\r';
}

std::size_t answer_head_size(std::string_view bytes, std::size_t& searched) {
  const std::size_t end = bytes.find(kHeadEnd, searched);
  if (end != std::string_view::npos) return end + kHeadEnd.size();
  searched = bytes.size() - std::min(bytes.size(), kHeadEnd.size() - 1);
  return 0;
}

Result<AnswerHead> read_answer_head(std::string_view head, std::string_view method) {
  const std::string_view status_line = head.substr(0, head.find(kLineEnd));
  const auto status = read_status(status_line);
  if (!status) return bad("no valid status line");
  if (*status == 101) return bad("a change of protocol that nobody asked for");
  const std::string_view lines =
      head.substr(status_line.size() + kLineEnd.size(), head.size() - status_line.size() - kHeadEnd.size());
  if (auto checked = check_lines(lines); !checked) return checked.error();

  AnswerHead answer;
  answer.status = *status;
  for_each_field(lines,
                 [&](std::string_view name, std::string_view value) { answer.headers.emplace_back(name, value); });
  const bool http_1_0 = status_line[7] == '0';
  const FramingFacts facts = gather(answer.headers);
  if (auto framed = read_framing(facts, http_1_0, answer); !framed) return framed.error();
  if (method == "HEAD" || *status < 200 || *status == 204 || *status == 304) answer.body = AnswerHead::Body::none;
  if (facts.compressed && answer.body != AnswerHead::Body::none) return bad("a compressed body that nobody asked for");
  answer.keep_alive = !http_1_0 && !facts.wants_close && answer.body != AnswerHead::Body::until_close;
  return answer;
}

}  // namespace pais::http
