#include "tools/mcp/catalog.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

namespace pais::tools::mcp {
namespace {

bool is_usable(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

// The same for the same text in every process, so that a name stays what it was.
std::string short_hash(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  std::string digits;
  for (int i = 0; i < 8; ++i, hash >>= 4U) digits += kHex[hash & 0xFU];
  return digits;
}

std::string usable(std::string_view text) {
  std::string name(text);
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !is_usable(c); }, '_');
  if (name.size() <= Catalog::kMaxNameBytes) return name;
  const std::string tail = "_" + short_hash(text);
  return name.substr(0, Catalog::kMaxNameBytes - tail.size()) + tail;
}

}  // namespace

Catalog::Catalog(const std::vector<Shelf>& shelves) {
  auto offered = std::make_shared<std::vector<Tool>>();
  for (std::size_t server = 0; server < shelves.size(); ++server) {
    const Shelf& shelf = shelves[server];
    if (shelf.tools == nullptr) continue;
    for (const RemoteTool& tool : *shelf.tools) {
      std::string name = name_for(shelf, tool);
      if (name.empty()) continue;
      // Of a list, not of its own: the list lives as long as any of its tools is called.
      routes_.emplace(name, Route{.server = server, .tool = {shelf.tools, &tool}});
      if (!shelf.offered) continue;
      offered->push_back({.name = std::move(name), .description = tool.description, .parameters = tool.parameters});
    }
  }
  offered_ = std::move(offered);
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
  std::string name = usable(tool.name);
  if (!is_taken(name)) return name;
  const std::string prefixed = shelf.server + "_" + tool.name;
  for (const std::string& wish : {prefixed, prefixed + "_" + short_hash(tool.name)}) {
    name = usable(wish);
    if (is_taken(name)) continue;
    renamed_.push_back(name);
    return name;
  }
  return "";
}

}  // namespace pais::tools::mcp
