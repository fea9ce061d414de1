// From names to addresses: MCP servers, and the agents that are delegated to.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/settings.h"
#include "base/settings_sources.h"

namespace pais::settings {

// The URL without a slash at the end of its path, and with `tail` there unless it is there already.
std::string completed_url(std::string_view url, std::string_view tail);

// Fill `mcp` and `sub_agents`. What has no usable address is left out, and said.
void find_mcp_servers(Settings& settings, const SourceIndex& sources, Findings& findings);
void find_sub_agents(Settings& settings, const SourceIndex& sources, Findings& findings);

}  // namespace pais::settings
