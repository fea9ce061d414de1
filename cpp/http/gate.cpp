#include "http/gate.h"

#include <algorithm>

namespace pais::http {
namespace {

// "localhost:8000" → "localhost", "[::1]:8000" → "[::1]".
std::string_view without_port(std::string_view host) {
  const std::size_t bracket = host.find(']');
  const std::size_t colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
  return host.substr(0, colon);
}

bool any_equal(const std::vector<std::string>& list, std::string_view name) {
  return std::ranges::any_of(list, [&](const std::string& item) { return equal_ignoring_case(item, name); });
}

}  // namespace

bool names_loopback(std::string_view host) {
  const std::string_view name = without_port(host);
  if (equal_ignoring_case(name, "localhost") || name == "[::1]") return true;
  return name.starts_with("127.") && name.find_first_not_of("0123456789.") == std::string_view::npos;
}

Gate::Gate(const ServerOptions& options, bool loopback)
    : loopback_(loopback),
      auth_required_(options.auth_required),
      any_origin_(any_equal(options.cors_origins, "*")),
      hosts_(options.allowed_hosts),
      origins_(options.cors_origins),
      keys_(options.api_keys, options.api_key_file) {}

std::optional<Error> Gate::refuse(const Request& request, std::string_view host, Access access) {
  if (loopback_ && !host.empty() && !knows_host(host)) {
    return Error{.code = Code::host_refused, .cause = "Host is not one of this machine's names"};
  }
  const std::string_view origin = request.header("Origin");
  if (loopback_ && !origin.empty() && !knows_origin(origin)) {
    return Error{.code = Code::origin_refused, .cause = "a page of another origin"};
  }
  if (auth_required_ && access == Access::key && !is_preflight(request) && !has_key(request)) {
    return Error{.code = Code::unauthorized, .cause = "no valid key"};
  }
  return std::nullopt;
}

bool Gate::knows_host(std::string_view host) const {
  return names_loopback(host) || any_equal(hosts_, without_port(host)) || any_equal(hosts_, host);
}

bool Gate::knows_origin(std::string_view origin) const {
  if (any_origin_ || any_equal(origins_, origin)) return true;
  const std::size_t scheme_end = origin.find("://");
  return scheme_end != std::string_view::npos && knows_host(origin.substr(scheme_end + 3));
}

bool Gate::has_key(const Request& request) {
  if (const auto key = request.header("X-API-Key"); !key.empty() && keys_.opens(key)) return true;
  const std::string_view authorization = request.header("Authorization");
  constexpr std::string_view kBearer = "Bearer ";
  if (!equal_ignoring_case(authorization.substr(0, kBearer.size()), kBearer)) return false;
  return keys_.opens(authorization.substr(kBearer.size()));
}

Headers Gate::cors_headers(const Request& request) const {
  if (origins_.empty()) return {};
  const std::string_view origin = request.header("Origin");
  if (origin.empty() || !(any_origin_ || any_equal(origins_, origin))) return {{"Vary", "Origin"}};
  return {{"Access-Control-Allow-Origin", any_origin_ ? "*" : std::string(origin)},
          {"Access-Control-Expose-Headers", "X-Session-ID, X-Run-ID, X-Request-ID"},
          {"Vary", "Origin"}};
}

bool Gate::is_preflight(const Request& request) const {
  return request.method == "OPTIONS" && !request.header("Origin").empty() &&
         !request.header("Access-Control-Request-Method").empty();
}

Response Gate::preflight(const Request& request, std::string_view allowed) const {
  Response response{.status = 204, .headers = {{"Allow", std::string(allowed)}}};
  const Headers cors = cors_headers(request);
  if (find_header(cors, "Access-Control-Allow-Origin").empty()) return response;
  response.headers.emplace_back("Access-Control-Allow-Methods", allowed);
  // What is asked for is granted: no header of ours is dangerous in the hands of an origin that is let in.
  const std::string_view asked = request.header("Access-Control-Request-Headers");
  response.headers.emplace_back("Access-Control-Allow-Headers", asked.empty() ? "*" : asked);
  response.headers.emplace_back("Access-Control-Max-Age", "600");
  return response;
}

}  // namespace pais::http
