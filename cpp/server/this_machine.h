// Who sits at this machine, for what is shown or done to nobody else.
#pragma once

#include "http/server.h"

namespace pais::server {

// Over the loopback, and not by way of a proxy, which speaks for somebody else and says so.
bool from_this_machine(const http::Request& request);

}  // namespace pais::server
