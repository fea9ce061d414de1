// Which proxy, if any, stands between us and a URL: what HTTP_PROXY, HTTPS_PROXY and NO_PROXY say.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/url.h"

namespace pais::http {

// NO_PROXY: names (with all their subdomains), addresses and address ranges ("10.0.0.0/8"), each with or without a
// port; "*" for all.
class NoProxy {
 public:
  explicit NoProxy(std::string_view list = {});

  bool covers(const Url& url) const;

 private:
  struct Entry {
    std::string host;        // a domain without leading dot, or a numeric address
    std::uint16_t port = 0;  // 0: any
    int prefix_bits = -1;    // of an address range
  };

  void add(std::string_view text);
  static bool matches(const Entry& entry, const Url& url);

  bool everything_ = false;
  std::vector<Entry> entries_;
};

// For one Client, read once; constant afterwards.
class Proxies {
 public:
  // No proxy at all.
  Proxies() = default;

  // The variables are looked up by `variable` (as std::getenv). The lower-case spelling goes first. HTTP_PROXY in
  // capitals is ignored in a CGI environment, where a request's `Proxy:` header can set it.
  template <typename Variable>
  static Proxies from(Variable variable) {
    const auto text = [&](const char* lower, const char* upper) {
      const char* value = variable(lower);
      if (value == nullptr && upper != nullptr) value = variable(upper);
      return std::string_view(value == nullptr ? "" : value);
    };
    const bool cgi = variable("REQUEST_METHOD") != nullptr;
    return Proxies(text("http_proxy", cgi ? nullptr : "HTTP_PROXY"), text("https_proxy", "HTTPS_PROXY"),
                   text("no_proxy", "NO_PROXY"));
  }

  // The proxy to go through, or null. A proxy that cannot be used is an error, never a reason to go without:
  // `unreachable`.
  Result<const Url*> between_us_and(const Url& url) const;

 private:
  Proxies(std::string_view http, std::string_view https, std::string_view no_proxy);

  std::optional<Result<Url>> http_;
  std::optional<Result<Url>> https_;
  NoProxy no_proxy_;
};

}  // namespace pais::http
