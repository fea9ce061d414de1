// Who sits at this machine, for what is shown or done to nobody else.
#pragma once

#include "http/server.h"

namespace pais::server {

// Over the loopback and by a name of it, and not by way of a proxy, which speaks for somebody else and says so. Another
// name is that of a page in a browser here, whose owner has given it our address; or of a proxy that does not say so.
bool from_this_machine(const http::Request& request);

}  // namespace pais::server
