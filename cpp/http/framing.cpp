#include "http/framing.h"

#include <algorithm>
#include <charconv>

#include "http/message.h"

namespace pais::http {
namespace {

Error bad(std::string cause) {
  return Error{.code = Code::bad_request, .cause = std::move(cause)};
}

bool is_token_char(char c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  return std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_visible(char c) {
  return c > 0x20 && c < 0x7f;
}

// What a header value may hold: visible characters, blanks, tabs and bytes above ASCII.
bool is_field_char(char c) {
  return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
}

bool is_host_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~:[]%").find(c) != std::string_view::npos;
}

// The offset of the blank line's end, once all lines up to it are there. Each call looks only at what is new.
Result<std::optional<std::size_t>> find_end(std::string_view bytes, const HeadLimits& limits, std::size_t& searched) {
  // While `searched` is 0 the request line is still open: its length has a limit and a status of its own.
  const std::size_t longest_request_line = limits.target_bytes + 64;
  for (;;) {
    const std::size_t line_end = bytes.find('\n', searched);
    if (searched == 0 && std::min(line_end, bytes.size()) > longest_request_line) {
      return Error{.code = Code::uri_too_long, .cause = "the request line has no end"};
    }
    if (line_end == std::string_view::npos) {
      if (bytes.size() > limits.bytes) return Error{.code = Code::headers_too_large, .cause = "headers without end"};
      return std::optional<std::size_t>();
    }
    if (line_end >= limits.bytes) return Error{.code = Code::headers_too_large, .cause = "too many header bytes"};
    if (line_end == 0 || bytes[line_end - 1] != '\r') return bad("a line ends without CR");
    const bool blank = line_end == searched + 1;
    if (blank && searched != 0) return std::optional(line_end + 1);
    if (blank) return bad("an empty request line");
    searched = line_end + 1;
  }
}

struct FieldFacts {
  int hosts = 0;
  int lengths = 0;
  int transfer_codings = 0;
  bool unknown_coding = false;
  bool wants_close = false;
  bool wants_keep_alive = false;
};

Result<void> note_length(std::string_view value, Head& head) {
  const bool digits =
      !value.empty() && value.size() <= 18 && std::ranges::all_of(value, [](char c) { return c >= '0' && c <= '9'; });
  if (!digits) return bad("Content-Length is not a plain number");
  std::from_chars(value.data(), value.data() + value.size(), head.content_length);
  head.body = Head::Body::sized;
  return {};
}

Result<void> note_transfer_coding(std::string_view value, Head& head, FieldFacts& facts) {
  if (head.minor_version == 0) return bad("Transfer-Encoding in HTTP/1.0");
  if (equal_ignoring_case(value, "chunked")) {
    head.body = Head::Body::chunked;
    return {};
  }
  const bool malformed = value.empty() || std::ranges::any_of(value, [](char c) {
                           return !is_token_char(c) && std::string_view(", ;=\t\"").find(c) == std::string_view::npos;
                         });
  if (malformed) return bad("Transfer-Encoding is malformed");
  // "chunked" must come once and last; a list that ends with it names codings we do not have.
  const bool begins_chunked = value.size() > 7 && equal_ignoring_case(value.substr(0, 7), "chunked");
  if (begins_chunked && !is_token_char(value[7])) return bad("chunked is not the last coding");
  facts.unknown_coding = true;
  return {};
}

void note_connection(std::string_view value, FieldFacts& facts) {
  while (!value.empty()) {
    std::string_view option = value.substr(0, value.find(','));
    value.remove_prefix(std::min(value.size(), option.size() + 1));
    while (!option.empty() && (option.front() == ' ' || option.front() == '\t')) option.remove_prefix(1);
    while (!option.empty() && (option.back() == ' ' || option.back() == '\t')) option.remove_suffix(1);
    if (equal_ignoring_case(option, "close")) facts.wants_close = true;
    if (equal_ignoring_case(option, "keep-alive")) facts.wants_keep_alive = true;
  }
}

Result<void> note_field(std::string_view name, std::string_view value, Head& head, FieldFacts& facts) {
  if (equal_ignoring_case(name, "Host")) {
    if (++facts.hosts > 1) return bad("two Host headers");
    if (value.empty() || !std::ranges::all_of(value, is_host_char)) return bad("the Host header is no host");
    if (head.host.empty()) head.host = value;  // an absolute target goes first
  } else if (equal_ignoring_case(name, "Content-Length")) {
    if (++facts.lengths > 1) return bad("two Content-Length headers");
    return note_length(value, head);
  } else if (equal_ignoring_case(name, "Transfer-Encoding")) {
    if (++facts.transfer_codings > 1) return bad("two Transfer-Encoding headers");
    return note_transfer_coding(value, head, facts);
  } else if (equal_ignoring_case(name, "Connection")) {
    note_connection(value, facts);
  } else if (equal_ignoring_case(name, "Expect")) {
    if (!equal_ignoring_case(value, "100-continue")) return bad("an expectation other than 100-continue");
    head.expects_continue = head.minor_version > 0;
  } else if (equal_ignoring_case(name, "Content-Encoding")) {
    head.compressed = head.compressed || !(value.empty() || equal_ignoring_case(value, "identity"));
  }
  return {};
}

Result<void> check_field_line(std::string_view line, const HeadLimits& limits) {
  if (line.size() > limits.line_bytes) return Error{.code = Code::headers_too_large, .cause = "a header line too long"};
  if (line.front() == ' ' || line.front() == '\t') return bad("a folded header line");
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return bad("a header line without colon");
  if (!is_token(line.substr(0, colon))) return bad("a header name that is no token");
  if (!std::ranges::all_of(line.substr(colon + 1), is_field_char)) return bad("a control character in a header");
  return {};
}

Result<void> read_fields(Head& head, const HeadLimits& limits) {
  std::size_t lines = 0;
  for (std::string_view rest = head.fields; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find("\r\n"));
    rest.remove_prefix(line.size() + 2);
    if (++lines > limits.lines) return Error{.code = Code::headers_too_large, .cause = "too many header lines"};
    if (auto checked = check_field_line(line, limits); !checked) return checked;
  }

  FieldFacts facts;
  Result<void> noted;
  for_each_field(head.fields, [&](std::string_view name, std::string_view value) {
    if (noted) noted = note_field(name, value, head, facts);
  });
  if (!noted) return noted;

  if (facts.hosts == 0 && head.minor_version > 0) return bad("no Host header");
  if (facts.lengths > 0 && facts.transfer_codings > 0) return bad("both Content-Length and Transfer-Encoding");
  if (facts.unknown_coding) {
    return Error{.code = Code::unsupported_transfer, .cause = "a transfer coding other than chunked"};
  }
  head.keep_alive = head.minor_version > 0 ? !facts.wants_close : facts.wants_keep_alive && !facts.wants_close;
  return {};
}

// "http://host/path?query" becomes its path, and its host replaces the Host header (RFC 9112, 3.2.2).
Result<void> read_absolute_target(Head& head) {
  std::string_view rest = head.target;
  rest.remove_prefix(rest.find("://") + 3);
  const std::size_t end = rest.find_first_of("/?");
  head.host = rest.substr(0, end);
  if (head.host.empty() || !std::ranges::all_of(head.host, is_host_char)) return bad("an absolute target without host");
  head.target = end == std::string_view::npos ? std::string_view("/") : rest.substr(end);
  if (head.target.front() != '/') return bad("an absolute target without path");
  return {};
}

Result<void> read_request_line(std::string_view line, const HeadLimits& limits, Head& head) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return bad("a request line without three words");
  head.method = line.substr(0, first);
  head.target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);

  if (!is_token(head.method) || head.method.size() > 32) return bad("a method that is no token");
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return bad("a version other than HTTP/1.1 and HTTP/1.0");
  head.minor_version = version.back() - '0';
  if (head.target.size() > limits.target_bytes) return Error{.code = Code::uri_too_long, .cause = "a long target"};
  if (head.target.empty() || !std::ranges::all_of(head.target, is_visible)) return bad("a target with odd characters");
  if (head.target.find('#') != std::string_view::npos) return bad("a target with a fragment");
  if (head.target.front() == '/') return {};
  if (head.target == "*" && head.method == "OPTIONS") return {};
  if (head.target.starts_with("http://") || head.target.starts_with("https://")) return read_absolute_target(head);
  return bad("a target that is no path");
}

}  // namespace

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_token_char);
}

Result<std::optional<Head>> read_head(std::string_view bytes, const HeadLimits& limits, std::size_t& searched) {
  if (bytes.empty()) return std::optional<Head>();
  if (!is_token_char(bytes.front())) return bad("the first byte starts no method");  // a TLS hello, for instance
  const auto end = find_end(bytes, limits, searched);
  if (!end) return end.error();
  if (!*end) return std::optional<Head>();

  Head head;
  head.size = **end;
  const std::string_view line = bytes.substr(0, bytes.find("\r\n"));
  head.fields = bytes.substr(line.size() + 2, head.size - line.size() - 4);
  if (auto read = read_request_line(line, limits, head); !read) return read.error();
  if (auto read = read_fields(head, limits); !read) return read.error();
  return std::optional(head);
}

}  // namespace pais::http
