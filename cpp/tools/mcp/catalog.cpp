#include "tools/mcp/catalog.h"

#include <memory>
#include <utility>

namespace pais::tools::mcp {

Catalog::Catalog(const std::vector<Shelf>& shelves, const Catalog& before) {
  keep_names(shelves, before);
  auto offered = std::make_shared<std::vector<Tool>>();
  for (std::size_t server = 0; server < shelves.size(); ++server) {
    const Shelf& shelf = shelves[server];
    if (shelf.tools == nullptr) continue;
    for (const RemoteTool& tool : *shelf.tools) {
      const std::string* kept = kept_name(server, tool);
      std::string name = kept != nullptr ? *kept : name_for(shelf, tool);
      if (name.empty()) continue;
      // Of a list, not of its own: the list lives as long as any of its tools is called.
      names_.try_emplace({server, tool.name}, name);
      routes_.try_emplace(name, Route{.server = server, .tool = {shelf.tools, &tool}});
      if (!shelf.offered) continue;
      offered->push_back({.name = std::move(name), .description = tool.description, .parameters = tool.parameters});
    }
  }
  offered_ = std::move(offered);
}

// Those that `before` has given to tools that are there still, before any other is given.
void Catalog::keep_names(const std::vector<Shelf>& shelves, const Catalog& before) {
  for (std::size_t server = 0; server < shelves.size(); ++server) {
    if (shelves[server].tools == nullptr) continue;
    for (const RemoteTool& tool : *shelves[server].tools) {
      const std::string* name = before.kept_name(server, tool);
      if (name == nullptr) continue;
      names_.try_emplace({server, tool.name}, *name);
      routes_.try_emplace(*name, Route{.server = server, .tool = {shelves[server].tools, &tool}});
    }
  }
}

const std::string* Catalog::kept_name(std::size_t server, const RemoteTool& tool) const {
  const auto kept = names_.find({server, tool.name});
  return kept == names_.end() ? nullptr : &kept->second;
}

const Catalog::Route* Catalog::find(std::string_view name) const {
  const auto found = routes_.find(name);
  return found == routes_.end() ? nullptr : &found->second;
}

// What is called a delegation is announced and remembered as one, so no server's tool may be called so.
bool Catalog::is_taken(const std::string& name) const {
  return routes_.contains(name) || name.starts_with(kDelegationPrefix);
}

std::string Catalog::name_for(const Shelf& shelf, const RemoteTool& tool) {
  std::string name = usable_name(tool.name);
  if (!is_taken(name)) return name;
  const std::string prefixed = shelf.server + "_" + tool.name;
  for (const std::string& wish : {prefixed, prefixed + "_" + stable_hash(tool.name)}) {
    name = usable_name(wish);
    if (is_taken(name)) continue;
    renamed_.push_back(name);
    return name;
  }
  return "";
}

}  // namespace pais::tools::mcp
