#include "server/this_machine.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "http/gate.h"

namespace pais::server {
namespace {

bool is_forwarded(const http::Request& request) {
  constexpr std::array<std::string_view, 3> kSigns = {"Forwarded", "X-Forwarded-For", "X-Real-IP"};
  return std::any_of(kSigns.begin(), kSigns.end(),
                     [&](std::string_view sign) { return !request.header(sign).empty(); });
}

}  // namespace

bool from_this_machine(const http::Request& request) {
  if (is_forwarded(request)) return false;
  const std::string_view host = request.header("Host");
  if (!host.empty() && !http::names_loopback(host)) return false;
  return request.peer.starts_with("127.") || request.peer.starts_with("[::1]");
}

}  // namespace pais::server
