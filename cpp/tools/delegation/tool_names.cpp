#include "tools/delegation/tool_names.h"

#include <algorithm>

#include "base/joined.h"
#include "base/log.h"
#include "tools/toolset.h"
#include "tools/usable_name.h"

namespace pais::tools::delegation {
namespace {

std::string plain_name(const std::string& agent) {
  return std::string(kDelegationPrefix) + agent;
}

std::string name_beside(const std::vector<std::string>& taken, const std::string& agent) {
  const std::string wish = plain_name(agent);
  std::string name = usable_name(wish);
  if (std::ranges::count(taken, name) == 0) return name;
  return usable_name(wish + "_" + stable_hash(wish));
}

}  // namespace

std::vector<std::string> tool_names(const std::vector<std::string>& agents) {
  std::vector<std::string> names;
  for (const std::string& agent : agents) names.push_back(plain_name(agent));
  std::vector<std::string> renamed;
  for (std::string& name : names) {
    if (usable_name(name) == name) continue;
    const std::string agent = name.substr(kDelegationPrefix.size());
    name = name_beside(names, agent);
    renamed.push_back(agent + " by " + name);
  }
  if (!renamed.empty()) {
    log::warning("pais.delegation", "Models refuse tools that are called like these agents, which are reached " +
                                        joined(renamed, ", ") + " instead.");
  }
  return names;
}

}  // namespace pais::tools::delegation
