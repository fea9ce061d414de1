// The question that a container engine asks again and again: is the host in here alive?
#pragma once

namespace pais::host {

// Asks /health on this machine. True for 200, within two seconds.
bool is_healthy(int port);

}  // namespace pais::host
