// How the tools are called by which models hand tasks to other agents.
#pragma once

#include <string>
#include <vector>

namespace pais::tools::delegation {

// One name an agent, in their order: `delegate_to_<agent>`, and something like it where models would refuse that. An
// agent whose name needs no change keeps it, whatever the others are called.
std::vector<std::string> tool_names(const std::vector<std::string>& agents);

}  // namespace pais::tools::delegation
