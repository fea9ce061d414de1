// A way through a proxy to a host beyond it: the CONNECT method.
#pragma once

#include <stop_token>

#include "base/result.h"
#include "http/connection.h"
#include "http/url.h"

namespace pais::http {

// Asks the proxy at the other end of `connection` to connect us with `target`; all bytes after that are the target's.
// A proxy that refuses is `unreachable`.
Result<void> open_tunnel(Connection& connection, const Url& proxy, const Url& target, Deadline deadline,
                         const std::stop_token& stop);

}  // namespace pais::http
