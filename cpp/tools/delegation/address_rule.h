// Which addresses a delegated task may be sent to.
//
// Link-local addresses and those at which clouds answer for a machine's credentials are refused, whatever name led
// there. With a list only what is on it may be called, and an address the list names is never refused.
#pragma once

#include <string_view>

#include "base/result.h"
#include "http/proxies.h"
#include "http/resolver.h"
#include "http/url.h"

namespace pais::tools::delegation {

class AddressRule {
 public:
  // Names (with all their subdomains), addresses and address ranges ("10.0.0.0/8"), each with or without a port; "*"
  // for all, the refused ones too. Empty: all but the refused ones.
  explicit AddressRule(std::string_view allowed = {});

  // Before anything is looked up: http or https, on the list if there is one, and no refused address in digits. A proxy
  // looks names up by itself, so this is all that is judged of what goes by way of one.
  Result<void> check(const http::Url& url) const;

  // Of an address that a host's name has turned out to have.
  bool admits(const http::SocketAddress& address) const;

 private:
  bool has_list_;
  http::NoProxy list_;  // the same grammar
};

}  // namespace pais::tools::delegation
