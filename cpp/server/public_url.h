// The address at which a client reaches this agent, as its own request tells it.
#pragma once

#include <string>

#include "http/message.h"

namespace pais::server {

struct PublicUrlOptions {
  std::string fixed = {};       // AGENT_PUBLIC_URL: then nothing else counts
  bool trust_forwarded = true;  // what a proxy says goes before the Host it sends
};

// Without a slash at the end. A value that is not a plain scheme, host, port or path is ignored, whoever sent it;
// `port` is where we listen, for a request that names no host.
std::string public_url(const http::Headers& headers, const PublicUrlOptions& options, int port);

// The headers that the address may depend on, for Vary; "" when on none.
std::string public_url_headers(const PublicUrlOptions& options);

}  // namespace pais::server
