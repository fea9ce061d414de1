// For deployments in which a turn without all its tools is worth nothing (PAIS_MCP_REQUIRED).
#pragma once

#include <memory>

#include "agent/agent.h"
#include "server/open_tools.h"

namespace pais::server {

// `agent`, but its turns fail with `mcp_unavailable` while a tool server is away. At the start a turn waits a little
// for servers that have not answered yet.
std::shared_ptr<agent::Agent> requiring_tools(std::shared_ptr<agent::Agent> agent, std::shared_ptr<HostTools> tools);

}  // namespace pais::server
