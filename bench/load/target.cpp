#include "load/target.h"

#include <charconv>

namespace pais::bench {
namespace {

constexpr std::string_view kScheme = "http://";

Error no_target(std::string_view url) {
  return {.code = Code::invalid_setting, .cause = "'" + std::string(url) + "' is not like http://127.0.0.1:8000/path"};
}

std::string request_text(std::string_view host, std::string_view path, std::string_view body) {
  std::string text = body.empty() ? "GET " : "POST ";
  text.append(path).append(" HTTP/1.1\r\nHost: ").append(host).append("\r\n");
  if (!body.empty()) {
    text += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  }
  return text.append("\r\n").append(body);
}

}  // namespace

Result<Target> target(std::string_view url, std::string_view body) {
  if (!url.starts_with(kScheme)) return no_target(url);
  const auto rest = url.substr(kScheme.size());
  const auto slash = rest.find('/');
  const auto authority = rest.substr(0, slash);
  const auto path = slash == std::string_view::npos ? std::string_view("/") : rest.substr(slash);
  const auto colon = authority.find(':');
  if (colon == std::string_view::npos) return no_target(url);

  int port = 0;
  const auto digits = authority.substr(colon + 1);
  std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (port < 1 || port > 65'535) return no_target(url);
  auto server = endpoint(authority.substr(0, colon), port);
  if (!server) return server.error();
  return Target{.server = std::move(*server), .request = request_text(authority, path, body)};
}

}  // namespace pais::bench
