#include "http/routes.h"

#include <optional>

namespace pais::http {
namespace {

// What stands in the open segment; nothing when the path is another one.
std::optional<std::string_view> match_pattern(std::string_view pattern, std::string_view path) {
  const std::size_t open = pattern.find('{');
  if (open == std::string_view::npos) return pattern == path ? std::optional(std::string_view()) : std::nullopt;
  if (!path.starts_with(pattern.substr(0, open))) return std::nullopt;
  const std::string_view segment = path.substr(open);
  if (segment.empty() || segment.find('/') != std::string_view::npos) return std::nullopt;
  return segment;
}

}  // namespace

RouteTable::Match RouteTable::find(std::string_view method, std::string_view path) const {
  const std::string_view wanted = method == "HEAD" ? std::string_view("GET") : method;
  Match match;
  for (const Route& route : routes_) {
    const auto parameter = match_pattern(route.pattern, path);
    if (!parameter) continue;
    if (route.method == wanted) return Match{.route = &route, .path_parameter = *parameter, .allowed = {}};
    match.allowed += route.method == "GET" ? "GET, HEAD, " : route.method + ", ";
  }
  if (!match.allowed.empty()) match.allowed += "OPTIONS";
  return match;
}

}  // namespace pais::http
