// Who may come in: hosts, origins and keys, before anything of a request is acted upon.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/api_keys.h"
#include "http/server.h"

namespace pais::http {

// "localhost", "127.0.0.1:8000", "[::1]": a Host that only this machine means itself by.
bool names_loopback(std::string_view host);

class Gate {
 public:
  // `loopback`: this machine and nobody else can connect, so the visitor to fear is a web page in its own browser.
  Gate(const ServerOptions& options, bool loopback);

  // Why this request is not let in; nothing when it is. `host` is the one framing found.
  std::optional<Error> refuse(const Request& request, std::string_view host, Access access);

  // What every answer to this request carries for the browser's sake.
  Headers cors_headers(const Request& request) const;
  bool is_preflight(const Request& request) const;
  Response preflight(const Request& request, std::string_view allowed) const;

  bool has_keys() { return !keys_.empty(); }

 private:
  bool knows_host(std::string_view name) const;
  bool knows_origin(std::string_view origin) const;
  bool has_key(const Request& request);

  const bool loopback_;
  const bool auth_required_;
  const bool any_origin_;
  const std::vector<std::string> hosts_;
  const std::vector<std::string> origins_;
  ApiKeys keys_;
};

}  // namespace pais::http
