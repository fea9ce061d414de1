#include "memory/redis_url.h"

#include <charconv>
#include <optional>

namespace pais::memory {
namespace {

constexpr std::uint16_t kDefaultPort = 6379;
constexpr int kMaxDb = 1'000'000;

Error not_valid(std::string cause) {
  return {.code = Code::invalid_setting, .cause = std::move(cause), .doing = "reading the address of the Redis"};
}

std::optional<int> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

// A "%" that begins no escape stands for itself: people put passwords into URLs as they are.
std::string decoded(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '%' && at + 2 < text.size()) {
      const auto high = hex_digit(text[at + 1]);
      const auto low = hex_digit(text[at + 2]);
      if (high && low) {
        plain += static_cast<char>(*high * 16 + *low);
        at += 2;
        continue;
      }
    }
    plain += text[at];
  }
  return plain;
}

template <typename Number>
std::optional<Number> whole_number(std::string_view text, Number most) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || value < 0 || value > most) {
    return std::nullopt;
  }
  return value;
}

// Cuts `text` at the last `mark` and returns what was before it, or nothing when it is not there.
std::optional<std::string_view> take_before_last(std::string_view& text, char mark) {
  const auto at = text.rfind(mark);
  if (at == std::string_view::npos) return std::nullopt;
  const auto before = text.substr(0, at);
  text.remove_prefix(at + 1);
  return before;
}

void read_credentials(std::string_view text, RedisAddress& address) {
  const auto colon = text.find(':');
  address.user = decoded(text.substr(0, colon));
  if (colon != std::string_view::npos) address.password = decoded(text.substr(colon + 1));
}

Result<void> read_db(std::string_view text, RedisAddress& address) {
  const auto db = whole_number<int>(text, kMaxDb);
  if (!db) return not_valid("the database is not a whole number");
  address.db = *db;
  return {};
}

// "db=2&password=…", as redis-py takes them; other names are not ours to understand.
Result<void> read_query(std::string_view query, RedisAddress& address) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const std::string_view name = pair.substr(0, pair.find('='));
    const std::string_view value = name.size() < pair.size() ? pair.substr(name.size() + 1) : std::string_view();
    if (name == "db") {
      if (auto read = read_db(value, address); !read) return read.error();
    } else if (name == "password") {
      address.password = decoded(value);
    } else if (name == "username") {
      address.user = decoded(value);
    }
  }
  return {};
}

Result<void> read_host_and_port(std::string_view text, RedisAddress& address) {
  http::Endpoint& endpoint = address.endpoint;
  endpoint.port = kDefaultPort;
  std::string_view port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return not_valid("an IPv6 address without its bracket");
    endpoint.host = std::string(text.substr(1, end - 1));
    port = text.substr(end + 1);
  } else {
    const auto colon = text.find(':');
    endpoint.host = decoded(text.substr(0, colon));
    if (colon != std::string_view::npos) port = text.substr(colon);
  }
  if (endpoint.host.empty()) endpoint.host = "localhost";
  if (port.empty()) return {};
  const auto number = whole_number<int>(port.starts_with(':') ? port.substr(1) : std::string_view(), 65535);
  if (!number || *number == 0) return not_valid("the port is not a number from 1 to 65535");
  endpoint.port = static_cast<std::uint16_t>(*number);
  return {};
}

Result<void> read_socket(std::string_view rest, RedisAddress& address) {
  if (const auto credentials = take_before_last(rest, '@')) read_credentials(*credentials, address);
  address.endpoint.socket_path = decoded(rest);
  if (rest.empty() || rest.front() != '/') return not_valid("a Unix socket needs an absolute path");
  return {};
}

Result<void> read_network(std::string_view rest, RedisAddress& address) {
  if (const auto credentials = take_before_last(rest, '@')) read_credentials(*credentials, address);
  const std::string_view host = rest.substr(0, rest.find('/'));
  const std::string_view path = rest.substr(host.size());
  if (path.size() > 1) {
    if (auto read = read_db(path.substr(1), address); !read) return read.error();
  }
  return read_host_and_port(host, address);
}

}  // namespace

Result<RedisAddress> read_redis_url(std::string_view url) {
  const auto end_of_scheme = url.find("://");
  if (end_of_scheme == std::string_view::npos) return not_valid("it is not a URL");
  const std::string_view scheme = url.substr(0, end_of_scheme);
  std::string_view rest = url.substr(end_of_scheme + 3);
  if (rest.find('\0') != std::string_view::npos) return not_valid("a NUL byte");

  RedisAddress address;
  if (const auto mark = rest.rfind('?'); mark != std::string_view::npos && mark > rest.rfind('@') + 1) {
    if (auto read = read_query(rest.substr(mark + 1), address); !read) return read.error();
    rest = rest.substr(0, mark);
  }
  if (scheme == "redis" || scheme == "rediss") {
    address.tls = scheme == "rediss";
    if (auto read = read_network(rest, address); !read) return read.error();
  } else if (scheme == "unix") {
    if (auto read = read_socket(rest, address); !read) return read.error();
  } else {
    return not_valid("its scheme is none of redis, rediss, unix");
  }
  return address;
}

}  // namespace pais::memory
