#include "http/proxies.h"

#include <algorithm>
#include <charconv>
#include <span>

#include "http/message.h"
#include "http/resolver.h"

namespace pais::http {
namespace {

std::optional<Result<Url>> read_proxy(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const bool has_scheme = text.find("://") != std::string_view::npos;
  auto url = parse_url(has_scheme ? std::string(text) : "http://" + std::string(text));
  if (!url) return url.error().during("reading the proxy variables").as(Code::unreachable);
  if (url->scheme != Url::Scheme::http) {
    return Error{.code = Code::unreachable,
                 .cause = "the proxy variables name a proxy that is not of the kind http://"};
  }
  return url;
}

std::optional<unsigned> number(std::string_view digits, unsigned most) {
  unsigned value = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (problem != std::errc() || end != digits.data() + digits.size() || value > most) return std::nullopt;
  return value;
}

std::span<const unsigned char> address_bytes(const SocketAddress& address) {
  if (address.family() == AF_INET6) return reinterpret_cast<const sockaddr_in6*>(address.get())->sin6_addr.s6_addr;
  const auto& v4 = reinterpret_cast<const sockaddr_in*>(address.get())->sin_addr.s_addr;
  return {reinterpret_cast<const unsigned char*>(&v4), sizeof v4};
}

bool same_network(const SocketAddress& a, const SocketAddress& b, int prefix_bits) {
  const auto left = address_bytes(a);
  const auto right = address_bytes(b);
  if (left.size() != right.size()) return false;
  const auto whole = std::min(static_cast<std::size_t>(prefix_bits / 8), left.size());
  if (!std::ranges::equal(left.first(whole), right.first(whole))) return false;
  const int rest = prefix_bits % 8;
  return whole == left.size() || rest == 0 || (left[whole] ^ right[whole]) >> (8 - rest) == 0;
}

}  // namespace

NoProxy::NoProxy(std::string_view list) {
  constexpr std::string_view kBetween = ", \t";
  while (!list.empty()) {
    const std::string_view entry = list.substr(0, list.find_first_of(kBetween));
    list.remove_prefix(std::min(entry.size() + 1, list.size()));
    if (!entry.empty()) add(entry);
  }
}

void NoProxy::add(std::string_view text) {
  if (text == "*") {
    everything_ = true;
    return;
  }
  Entry entry;
  if (const std::size_t slash = text.rfind('/'); slash != std::string_view::npos) {
    const auto bits = number(text.substr(slash + 1), 128);
    if (!bits) return;
    entry.prefix_bits = static_cast<int>(*bits);
    text = text.substr(0, slash);
  } else if (const std::size_t colon = text.rfind(':');
             colon != std::string_view::npos && (text.find(':') == colon || text[colon - 1] == ']')) {
    const auto port = number(text.substr(colon + 1), 65535);
    if (!port) return;
    entry.port = static_cast<std::uint16_t>(*port);
    text = text.substr(0, colon);
  }
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  if (text.starts_with("*.")) text.remove_prefix(2);
  if (text.starts_with('.')) text.remove_prefix(1);
  if (text.empty()) return;
  entry.host = text;
  entries_.push_back(std::move(entry));
}

bool NoProxy::covers(const Url& url) const {
  return everything_ || std::ranges::any_of(entries_, [&](const Entry& entry) { return matches(entry, url); });
}

bool NoProxy::matches(const Entry& entry, const Url& url) {
  if (entry.port != 0 && entry.port != url.port) return false;
  const auto theirs = numeric_address(url.host);
  const auto ours = numeric_address(entry.host);
  if (theirs && ours) return same_network(*ours, *theirs, entry.prefix_bits < 0 ? 128 : entry.prefix_bits);
  if (theirs || ours) return false;
  if (url.host.size() == entry.host.size()) return equal_ignoring_case(url.host, entry.host);
  if (url.host.size() < entry.host.size()) return false;
  const std::size_t start = url.host.size() - entry.host.size();
  return url.host[start - 1] == '.' && equal_ignoring_case(std::string_view(url.host).substr(start), entry.host);
}

Proxies::Proxies(std::string_view http, std::string_view https, std::string_view no_proxy)
    : http_(read_proxy(http)), https_(read_proxy(https)), no_proxy_(no_proxy) {}

Result<const Url*> Proxies::between_us_and(const Url& url) const {
  if (url.scheme == Url::Scheme::unix_socket) return nullptr;
  const auto& proxy = url.scheme == Url::Scheme::https ? https_ : http_;
  if (!proxy || no_proxy_.covers(url)) return nullptr;
  if (!*proxy) return proxy->error();
  return &**proxy;
}

}  // namespace pais::http
