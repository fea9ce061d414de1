#include "tools/delegation/address_rule.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstdint>
#include <cstring>
#include <netinet/in.h>
#include <optional>
#include <string>

namespace pais::tools::delegation {
namespace {

using V6 = std::array<std::uint8_t, 16>;

// Where clouds tell a machine its credentials, beside 169.254.0.0/16 where most do.
constexpr std::array<std::uint32_t, 3> kMetadata = {
    0x646464C8,  // 100.100.100.200
    0xC00000C0,  // 192.0.0.192
    0xA83F8110,  // 168.63.129.16
};
constexpr V6 kMetadataV6 = {0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54};  // fd00:ec2::254

bool is_refused(std::uint32_t v4) {
  const bool link_local = (v4 >> 16) == 0xA9FE;
  const bool to_many = (v4 >> 28) == 0xE || v4 == 0xFFFFFFFF;
  return link_local || to_many || std::ranges::count(kMetadata, v4) != 0;
}

bool is_refused(const V6& v6) {
  const bool link_local = v6[0] == 0xfe && (v6[1] & 0xc0) == 0x80;
  return link_local || v6[0] == 0xff || v6 == kMetadataV6;
}

std::uint32_t last_four(const V6& v6) {
  std::uint32_t bytes = 0;
  std::memcpy(&bytes, v6.data() + 12, sizeof bytes);
  return ntohl(bytes);
}

// An IPv4 address in an IPv6 one: mapped (::ffff:a.b.c.d), or behind NAT64 (64:ff9b::a.b.c.d).
bool holds_v4(const V6& v6) {
  constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  constexpr std::array<std::uint8_t, 12> kNat64 = {0, 0x64, 0xff, 0x9b};
  return std::equal(kMapped.begin(), kMapped.end(), v6.begin()) || std::equal(kNat64.begin(), kNat64.end(), v6.begin());
}

bool is_refused(const http::SocketAddress& address) {
  if (address.family() == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address.storage, sizeof v4);
    return is_refused(ntohl(v4.sin_addr.s_addr));
  }
  sockaddr_in6 v6{};
  std::memcpy(&v6, &address.storage, sizeof v6);
  V6 bytes{};
  std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
  return is_refused(bytes) || (holds_v4(bytes) && is_refused(last_four(bytes)));
}

std::string in_digits(const http::SocketAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address.storage);
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address.storage);
  const void* bytes = address.family() == AF_INET ? static_cast<const void*>(&v4->sin_addr) : &v6->sin6_addr;
  const char* written = ::inet_ntop(address.family(), bytes, text.data(), text.size());
  return written == nullptr ? "" : written;
}

std::uint16_t port_of(const http::SocketAddress& address) {
  const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address.storage);
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address.storage);
  return ntohs(address.family() == AF_INET ? v4->sin_port : v6->sin6_port);
}

void set_port(http::SocketAddress& address, std::uint16_t port) {
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  (address.family() == AF_INET ? v4->sin_port : v6->sin6_port) = htons(port);
}

// Also what only resolvers take for an address: "2852039166", "0xa9fea9fe", "169.254.43518", or a dot at the end.
std::optional<http::SocketAddress> address_in(std::string host) {
  if (host.ends_with('.')) host.pop_back();
  if (auto address = http::numeric_address(host)) return address;
  http::SocketAddress address;
  auto& v4 = reinterpret_cast<sockaddr_in&>(address.storage);
  if (::inet_aton(host.c_str(), &v4.sin_addr) == 0) return std::nullopt;
  v4.sin_family = AF_INET;
  address.size = sizeof v4;
  return address;
}

}  // namespace

AddressRule::AddressRule(std::string_view allowed) : has_list_(!allowed.empty()), list_(allowed) {}

Result<void> AddressRule::check(const http::Url& url) const {
  if (url.scheme == http::Url::Scheme::unix_socket) return Error{.code = Code::malformed, .cause = "not a web address"};
  if (has_list_ && !list_.covers(url)) {
    return Error{.code = Code::unreachable, .cause = "its host is not on PAIS_DELEGATION_ALLOWED_HOSTS"};
  }
  auto address = address_in(url.host);
  if (!address) return {};
  set_port(*address, url.port);
  if (admits(*address)) return {};
  return Error{.code = Code::unreachable, .cause = "its address is not one to be called"};
}

// What the list names by its digits somebody has thought about; a name on it may still lead anywhere.
bool AddressRule::admits(const http::SocketAddress& address) const {
  if (!is_refused(address)) return true;
  return has_list_ && list_.covers(http::Url{.host = in_digits(address), .port = port_of(address)});
}

}  // namespace pais::tools::delegation
