#include "server/public_url.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "base/trimmed.h"

namespace pais::server {
namespace {

constexpr std::size_t kMostHostBytes = 255;
constexpr std::size_t kMostPrefixBytes = 1024;

bool is_letter_or_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
  return problem == std::errc() && end == text.data() + text.size() && port >= 1 && port <= 65535;
}

// A name or address, IPv6 in brackets, perhaps with a port.
bool is_plain_host(std::string_view text) {
  if (text.empty() || text.size() > kMostHostBytes) return false;
  const bool v6 = text.front() == '[';
  const std::size_t end = v6 ? text.find(']') + 1 : std::min(text.find(':'), text.size());
  if (end == 0) return false;
  const std::string_view rest = text.substr(end);
  if (!rest.empty() && (rest.front() != ':' || !is_port(rest.substr(1)))) return false;
  const std::string_view host = v6 ? text.substr(1, end - 2) : text.substr(0, end);
  const std::string_view others = v6 ? ":." : "-._";
  return !host.empty() && std::ranges::all_of(host, [&](char c) {
    return is_letter_or_digit(c) || others.find(c) != std::string_view::npos;
  });
}

// "/team/math": nothing that a browser or a proxy could take for something else.
bool is_plain_prefix(std::string_view text) {
  return text.starts_with('/') && text.size() <= kMostPrefixBytes && text.find("//") == std::string_view::npos &&
         text.find("..") == std::string_view::npos && std::ranges::all_of(text, [](char c) {
           return is_letter_or_digit(c) || std::string_view("/-._~").find(c) != std::string_view::npos;
         });
}

std::optional<std::string> scheme_of(std::string_view text) {
  if (http::equal_ignoring_case(text, "http")) return "http";
  if (http::equal_ignoring_case(text, "https")) return "https";
  return std::nullopt;
}

// Of several proxies, the one nearest to the client.
std::string_view first_item(std::string_view list) {
  return trimmed(list.substr(0, list.find(',')));
}

// `for=192.0.2.1; proto=https; host="agents.example"`
std::string_view parameter(std::string_view forwarded, std::string_view name) {
  while (!forwarded.empty()) {
    const std::string_view pair = forwarded.substr(0, forwarded.find(';'));
    forwarded.remove_prefix(std::min(pair.size() + 1, forwarded.size()));
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || !http::equal_ignoring_case(trimmed(pair.substr(0, equals)), name)) continue;
    std::string_view value = trimmed(pair.substr(equals + 1));
    if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"')) value = value.substr(1, value.size() - 2);
    return value;
  }
  return {};
}

struct Parts {
  std::string scheme = "http";
  std::string host = {};
  std::string prefix = {};
};

void take_forwarded(Parts& parts, const http::Headers& headers) {
  const std::string_view forwarded = first_item(http::find_header(headers, "Forwarded"));
  const auto told = [&](std::string_view name, std::string_view header) {
    const std::string_view value = parameter(forwarded, name);
    return value.empty() ? first_item(http::find_header(headers, header)) : value;
  };
  if (const auto scheme = scheme_of(told("proto", "X-Forwarded-Proto"))) parts.scheme = *scheme;
  if (const auto host = told("host", "X-Forwarded-Host"); is_plain_host(host)) parts.host = host;
  if (const auto prefix = first_item(http::find_header(headers, "X-Forwarded-Prefix")); is_plain_prefix(prefix)) {
    parts.prefix = prefix;
  }
}

std::string without_slash(std::string text) {
  while (text.ends_with('/')) text.pop_back();
  return text;
}

}  // namespace

std::string public_url(const http::Headers& headers, const PublicUrlOptions& options, int port) {
  if (!options.fixed.empty()) return without_slash(options.fixed);
  Parts parts;
  if (const auto host = trimmed(http::find_header(headers, "Host")); is_plain_host(host)) parts.host = host;
  if (options.trust_forwarded) take_forwarded(parts, headers);
  if (parts.host.empty()) parts.host = "localhost:" + std::to_string(port);
  return without_slash(parts.scheme + "://" + parts.host + parts.prefix);
}

std::string public_url_headers(const PublicUrlOptions& options) {
  if (!options.fixed.empty()) return "";
  if (!options.trust_forwarded) return "Host";
  return "Host, Forwarded, X-Forwarded-Proto, X-Forwarded-Host, X-Forwarded-Prefix";
}

}  // namespace pais::server
