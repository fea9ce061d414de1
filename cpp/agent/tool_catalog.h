// What tools a run may offer to its model, and who answers for each.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/model.h"
#include "tools/schema.h"
#include "tools/toolset.h"

namespace pais::agent {

using Toolsets = std::vector<std::shared_ptr<tools::Toolset>>;

// The tools of all toolsets at one moment. Where two share a name, the earlier toolset keeps it.
class ToolCatalog {
 public:
  struct Entry {
    tools::Toolset* toolset = nullptr;
    std::string parameters;               // as the toolset wrote it
    std::optional<tools::Schema> schema;  // absent when it could not be read: then any object will do
  };

  // Takes over from `previous` (which may be null) what has been compiled before.
  ToolCatalog(const Toolsets& toolsets, const std::vector<tools::ToolList>& lists, const ToolCatalog* previous);

  const model::Offers& offers() const { return offers_; }
  const Entry* find(std::string_view name) const;
  std::string names() const;  // "add, now"

  // Why this call cannot be made, told to the model: there is no such tool, or its arguments do not fit.
  std::optional<std::string> complaint_about(const events::ToolCall& call) const;

 private:
  // What the model is told of it, unless another tool has its name.
  std::optional<model::ToolOffer> add(tools::Toolset& toolset, const tools::Tool& tool, const ToolCatalog* previous);

  model::Offers offers_;
  std::map<std::string, Entry, std::less<>> entries_;
};

// Keeps the catalog as long as no toolset hands out another list. From any thread.
class ToolShelf {
 public:
  explicit ToolShelf(Toolsets toolsets) : toolsets_(std::move(toolsets)) {}

  std::shared_ptr<const ToolCatalog> catalog();

 private:
  const Toolsets toolsets_;
  std::mutex mutex_;
  std::vector<tools::ToolList> lists_;
  std::shared_ptr<const ToolCatalog> catalog_;
};

}  // namespace pais::agent
