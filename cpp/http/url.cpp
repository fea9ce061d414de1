#include "http/url.h"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <optional>
#include <utility>

#include "base/percent.h"
#include "http/message.h"

namespace pais::http {
namespace {

constexpr std::size_t kMaxUrlBytes = 8 * 1024;
constexpr std::size_t kMaxHostBytes = 253;

Error bad(std::string cause) {
  return Error{.code = Code::malformed, .cause = "the URL " + std::move(cause)};
}

bool is_visible(char c) {
  return c > 0x20 && c < 0x7f;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_host_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-' || c == '.' || c == '_';
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::uint16_t default_port(Url::Scheme scheme) {
  if (scheme == Url::Scheme::unix_socket) return 0;
  return scheme == Url::Scheme::https ? 443 : 80;
}

std::optional<Url::Scheme> scheme_named(std::string_view name) {
  if (equal_ignoring_case(name, "http")) return Url::Scheme::http;
  if (equal_ignoring_case(name, "https")) return Url::Scheme::https;
  if (equal_ignoring_case(name, "unix")) return Url::Scheme::unix_socket;
  return std::nullopt;
}

Result<void> read_port(std::string_view digits, Url& url) {
  if (digits.empty()) return {};
  unsigned port = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (problem != std::errc() || end != digits.data() + digits.size() || port == 0 || port > 65535) {
    return bad("has no valid port");
  }
  url.port = static_cast<std::uint16_t>(port);
  return {};
}

Result<void> read_ipv6(std::string_view authority, Url& url) {
  const std::size_t end = authority.find(']');
  if (end == std::string_view::npos) return bad("has a bracket without its other half");
  url.host = authority.substr(1, end - 1);
  std::ranges::transform(url.host, url.host.begin(), lower);
  in6_addr address;
  if (::inet_pton(AF_INET6, url.host.c_str(), &address) != 1) return bad("has no valid IPv6 address");
  authority.remove_prefix(end + 1);
  if (authority.empty()) return {};
  if (authority.front() != ':') return bad("has something between address and port");
  return read_port(authority.substr(1), url);
}

Result<void> read_host(std::string_view authority, Url& url) {
  if (authority.starts_with('[')) return read_ipv6(authority, url);
  const std::size_t colon = std::min(authority.find(':'), authority.size());
  const std::string_view host = authority.substr(0, colon);
  if (host.empty() || host.size() > kMaxHostBytes || !std::ranges::all_of(host, is_host_char)) {
    return bad("has no valid host");
  }
  url.host = host;
  std::ranges::transform(url.host, url.host.begin(), lower);
  return colon == authority.size() ? Result<void>() : read_port(authority.substr(colon + 1), url);
}

Result<void> read_socket_path(std::string_view authority, Url& url) {
  auto path = percent_decoded(authority);
  if (!path || !path->starts_with('/')) return bad("has no valid socket path where its host would be");
  url.socket_path = *std::move(path);
  return {};
}

Result<void> read_authority(std::string_view authority, Url& url) {
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    auto credentials = percent_decoded(authority.substr(0, at));
    if (!credentials) return bad("has no valid user and password");
    if (!credentials->empty() && credentials->find(':') == std::string::npos) *credentials += ':';
    url.credentials = *std::move(credentials);
    authority.remove_prefix(at + 1);
  }
  return url.scheme == Url::Scheme::unix_socket ? read_socket_path(authority, url) : read_host(authority, url);
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
  if (text.size() > kMaxUrlBytes) return bad("is too long");
  if (!std::ranges::all_of(text, is_visible)) return bad("holds a space, a control character or one beyond ASCII");
  const std::size_t colon = text.find("://");
  const auto scheme = scheme_named(text.substr(0, std::min(colon, text.size())));
  if (colon == std::string_view::npos || !scheme) return bad("is not of the kind http://, https:// or unix://");

  Url url;
  url.scheme = *scheme;
  url.port = default_port(*scheme);
  text.remove_prefix(colon + 3);
  text = text.substr(0, text.find('#'));
  const std::string_view authority = text.substr(0, text.find_first_of("/?"));
  if (auto read = read_authority(authority, url); !read) return read.error();
  text.remove_prefix(authority.size());
  if (!text.empty()) url.target = text.starts_with('?') ? "/" + std::string(text) : std::string(text);
  return url;
}

std::string Url::authority() const {
  if (scheme == Scheme::unix_socket) return "localhost";
  std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != default_port(scheme)) text += ":" + std::to_string(port);
  return text;
}

std::string Url::origin() const {
  if (scheme == Scheme::unix_socket) return "unix://" + socket_path;
  return (scheme == Scheme::https ? "https://" : "http://") + authority();
}

std::string basic_authorization(std::string_view credentials) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string header = "Basic ";
  for (std::size_t i = 0; i < credentials.size(); i += 3) {
    const std::string_view three = credentials.substr(i, 3);
    std::uint32_t bits = 0;
    for (std::size_t j = 0; j < 3; ++j)
      bits = bits << 8 | (j < three.size() ? static_cast<unsigned char>(three[j]) : 0);
    for (std::size_t j = 0; j < 4; ++j) header += j <= three.size() ? kDigits[bits >> (18 - 6 * j) & 63] : '=';
  }
  return header;
}

}  // namespace pais::http
