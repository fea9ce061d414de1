#include "base/secrets.h"
#include "base/settings.h"
#include "base/settings_table.h"

namespace pais {
namespace {

using settings::Variable;

std::string origin_of(const std::string& name, const Loaded& loaded) {
  const auto found = loaded.origins.find(name);
  return found == loaded.origins.end() ? "default" : found->second;
}

std::string value_of(const Variable& variable, const Settings& settings) {
  const std::string value = variable.show(settings);
  if (variable.secret) return value.empty() ? "" : "***";
  return variable.is_url ? mask_url(value) : value;
}

}  // namespace

std::vector<ShownSetting> shown_settings(const Loaded& loaded) {
  std::vector<ShownSetting> shown;
  for (const settings::Group& group : settings::groups()) {
    for (const Variable& each : group.variables) {
      std::string origin = origin_of(each.name, loaded);
      if (!each.listed && origin == "default") continue;
      shown.push_back({each.name, value_of(each, loaded.settings), std::move(origin)});
    }
  }
  for (const McpServer& each : loaded.settings.mcp) {
    shown.push_back({"MCP server " + each.name, mask_url(each.url), origin_of("MCP_SERVERS", loaded)});
  }
  const bool are_peers = loaded.settings.agent_sub_agents.empty();
  for (const SubAgent& each : loaded.settings.sub_agents) {
    shown.push_back({"sub-agent " + each.name, mask_url(each.url),
                     origin_of(are_peers ? "PEER_AGENTS" : "AGENT_SUB_AGENTS", loaded)});
  }
  return shown;
}

}  // namespace pais
