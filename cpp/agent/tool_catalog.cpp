#include "agent/tool_catalog.h"

#include <utility>

#include "nlohmann/json.hpp"

#include "base/json.h"
#include "base/log.h"

namespace pais::agent {
namespace {

constexpr std::string_view kLogger = "pais.agent";
constexpr std::string_view kAnyObject = R"({"type":"object"})";

std::optional<tools::Schema> compiled(const tools::Tool& tool) {
  auto schema = tools::Schema::read(tool.parameters);
  if (schema) return *std::move(schema);
  log::warning(kLogger, "The parameters of tool " + tool.name +
                            " are no JSON Schema, so its arguments go unchecked: " + schema.error().describe());
  return std::nullopt;
}

}  // namespace

ToolCatalog::ToolCatalog(const Toolsets& toolsets, const std::vector<tools::ToolList>& lists,
                         const ToolCatalog* previous) {
  std::vector<model::ToolOffer> offers;
  for (std::size_t i = 0; i < lists.size(); ++i) {
    if (lists[i] == nullptr) continue;
    for (const tools::Tool& tool : *lists[i]) {
      if (auto offer = add(*toolsets[i], tool, previous)) offers.push_back(*std::move(offer));
    }
  }
  offers_ = model::Offers(std::move(offers));
}

std::optional<model::ToolOffer> ToolCatalog::add(tools::Toolset& toolset, const tools::Tool& tool,
                                                 const ToolCatalog* previous) {
  if (entries_.contains(tool.name)) {
    log::warning(kLogger, "Two tools are named " + tool.name + ": only the first is offered.");
    return std::nullopt;
  }
  const Entry* known = previous == nullptr ? nullptr : previous->find(tool.name);
  const bool same = known != nullptr && known->parameters == tool.parameters;
  Entry entry{.toolset = &toolset, .parameters = tool.parameters, .schema = same ? known->schema : compiled(tool)};
  model::ToolOffer offer = {.name = tool.name,
                            .description = tool.description,
                            .parameters = entry.schema ? tool.parameters : std::string(kAnyObject)};
  entries_.emplace(tool.name, std::move(entry));
  return offer;
}

const ToolCatalog::Entry* ToolCatalog::find(std::string_view name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : &found->second;
}

std::string ToolCatalog::names() const {
  std::string names;
  for (const model::ToolOffer& offer : offers_.all()) names += (names.empty() ? "" : ", ") + offer.name;
  return names;
}

std::optional<std::string> ToolCatalog::complaint_about(const events::ToolCall& call) const {
  const Entry* entry = find(call.tool);
  if (entry == nullptr) {
    const std::string all = names();
    return "There is no tool named '" + call.tool + "'. " +
           (all.empty() ? "No tools are offered." : "Offered are: " + all);
  }
  const auto arguments = parse_json(call.arguments);
  if (!arguments || !arguments->is_object()) return "The arguments of '" + call.tool + "' are not a JSON object.";
  const auto objection = entry->schema ? entry->schema->objection(*arguments) : std::nullopt;
  if (!objection) return std::nullopt;
  return "The arguments of '" + call.tool + "' do not fit: " + *objection + ".";
}

std::shared_ptr<const ToolCatalog> ToolShelf::catalog() {
  std::vector<tools::ToolList> lists;
  lists.reserve(toolsets_.size());
  for (const auto& toolset : toolsets_) lists.push_back(toolset->tools());

  const std::scoped_lock lock(mutex_);
  if (catalog_ == nullptr || lists != lists_) {
    catalog_ = std::make_shared<const ToolCatalog>(toolsets_, lists, catalog_.get());
    lists_ = std::move(lists);
  }
  return catalog_;
}

}  // namespace pais::agent
