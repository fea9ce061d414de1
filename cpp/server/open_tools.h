// The tools that are the host's, whatever kind of agent it serves: those of MCP servers, and the other agents that
// tasks can be delegated to.
//
// From any thread. Opening contacts nobody; what has to be fetched is fetched in the background, until `close`.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/limited_call.h"
#include "agent/tool_catalog.h"
#include "base/settings.h"
#include "telemetry/metrics.h"
#include "tools/delegation/open_delegation.h"
#include "tools/mcp/open_mcp.h"

namespace pais::server {

class HostTools {
 public:
  HostTools(std::shared_ptr<tools::mcp::McpToolset> mcp,
            std::shared_ptr<tools::delegation::DelegationToolset> delegation);
  ~HostTools() { close(); }
  HostTools(const HostTools&) = delete;
  HostTools& operator=(const HostTools&) = delete;

  // In the order in which their tools are offered.
  agent::Toolsets toolsets() const;

  // Who is away, as /ready tells it: "mcp:search", "agent:math".
  std::vector<std::string> degraded() const;

  // Why there is an MCP server whose tools cannot be offered: `mcp_unavailable`. Nothing when they all can.
  std::optional<Error> missing_server() const;

  // Returns when every list of tools has been read once, or could not be; at `moment` at the latest.
  void wait_for_first_lists(std::chrono::steady_clock::time_point moment) const;

  // Shows in `metrics` how each server and each agent does. Once, before the first run; `metrics` lives as long as
  // runs do, and no longer than this.
  void show_in(telemetry::Metrics& metrics);

  // Says good-bye to whoever is connected, which takes about a second at most. Calls fail from here on.
  void close();

 private:
  const std::shared_ptr<tools::mcp::McpToolset> mcp_;                       // null: none
  const std::shared_ptr<tools::delegation::DelegationToolset> delegation_;  // null: none
};

agent::ToolLimits tool_limits(const Settings& settings);

// `follower` follows the requests to servers and agents; null: nobody does.
std::shared_ptr<HostTools> open_tools(const Settings& settings, std::shared_ptr<http::CallFollower> follower);

}  // namespace pais::server
