#include "base/secrets.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace pais {
namespace {

constexpr auto kNone = std::string_view::npos;

char upper(char c) {
  return static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
}

bool ends_with_any_case(std::string_view text, std::string_view tail) {
  if (text.size() < tail.size()) return false;
  text.remove_prefix(text.size() - tail.size());
  return std::equal(text.begin(), text.end(), tail.begin(), [](char a, char b) { return upper(a) == b; });
}

// "host", "host:8000", "[::1]:8000" — and not the front half of "user:pa/ss@host".
bool looks_like_an_address(std::string_view authority) {
  if (!authority.empty() && authority.front() == '[') return authority.find(']') != kNone;
  const auto colon = authority.find(':');
  if (colon == kNone) return !authority.empty();
  const std::string_view port = authority.substr(colon + 1);
  return colon > 0 && std::all_of(port.begin(), port.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

// Addresses of a Redis are read with whatever stands before their last "@" as credentials (memory/redis_url.h).
bool names_a_redis(std::string_view scheme) {
  return scheme.ends_with("redis://") || scheme.ends_with("rediss://") || scheme.ends_with("unix://");
}

// Where the last "@" that may end the credentials stands, counted from the start of the authority. Where there are
// credentials at all, a "/", "?" or "#" before a later "@" may be part of the password.
std::size_t end_of_credentials(std::string_view scheme, std::string_view from_authority) {
  const std::string_view authority = from_authority.substr(0, from_authority.find_first_of("/?#"));
  const bool has_credentials = authority.find('@') != kNone || !looks_like_an_address(authority);
  return has_credentials || names_a_redis(scheme) ? from_authority.rfind('@') : kNone;
}

std::string mask_query(std::string_view text) {
  std::string masked;
  while (!text.empty()) {
    const auto next = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, next);
    const auto equals = pair.find('=');
    const bool hide = equals != kNone && names_a_secret(pair.substr(0, equals));
    masked += hide ? std::string(pair.substr(0, equals)) + "=***" : std::string(pair);
    if (next < text.size()) masked += '&';
    text.remove_prefix(std::min(next + 1, text.size()));
  }
  return masked;
}

}  // namespace

bool names_a_secret(std::string_view name) {
  constexpr std::array<std::string_view, 4> kTails = {"KEY", "TOKEN", "SECRET", "PASSWORD"};
  return std::any_of(kTails.begin(), kTails.end(),
                     [&](std::string_view tail) { return ends_with_any_case(name, tail); });
}

std::string mask_url(std::string_view url) {
  const auto scheme = url.find("://");
  const std::size_t start = scheme == kNone ? 0 : scheme + 3;
  std::string masked(url.substr(0, start));
  std::string_view rest = url.substr(start);

  if (const auto at = end_of_credentials(url.substr(0, start), rest); at != kNone) {
    const auto colon = rest.substr(0, at).find(':');
    if (colon != kNone) masked += rest.substr(0, colon + 1);
    masked += "***";
    rest.remove_prefix(at);
  }
  const auto query = rest.find('?');
  masked += rest.substr(0, query);
  if (query != kNone) masked += "?" + mask_query(rest.substr(query + 1));
  return masked;
}

}  // namespace pais
