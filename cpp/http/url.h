// The addresses we call, read strictly: what is not plainly a URL is refused before anything is sent.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pais::http {

struct Url {
  enum class Scheme {
    http,
    https,
    unix_socket,  // "unix://%2Frun%2Fmodel.sock/v1/models": HTTP over a socket whose path is encoded where a host
                  // stands
  };

  Scheme scheme = Scheme::http;
  std::string host = {};   // lower case; an IPv6 address without brackets; empty for a socket
  std::uint16_t port = 0;  // the scheme's own when the text named none
  std::string socket_path = {};
  std::string target = "/";      // path and query as they were written
  std::string credentials = {};  // "user:password", decoded. A secret.

  // "https://host:8443", without default port, path, query or credentials: fit for a log.
  std::string origin() const;
  // What the Host header says.
  std::string authority() const;
};

// Takes http, https and unix. A fragment is dropped. `malformed` when it is not a URL, says why, and never quotes it:
// URLs hold secrets.
Result<Url> parse_url(std::string_view text);

// "Basic …", as Authorization and Proxy-Authorization want it.
std::string basic_authorization(std::string_view credentials);

}  // namespace pais::http
