// All tools of all servers under the names by which models call them.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tools/mcp/remote_tool.h"
#include "tools/toolset.h"
#include "tools/usable_name.h"

namespace pais::tools::mcp {

// What one server has, or had when it was last heard of.
struct Shelf {
  std::string server;
  RemoteTools tools;  // null: never heard of
  bool offered = false;

  bool operator==(const Shelf&) const = default;
};

// A value, made anew whenever a shelf changes. The earlier server has a name that two want. A name that was given stays
// with its tool, also while its server is away and when an earlier one is heard of later: a model that was offered it
// must not find something else behind it.
class Catalog {
 public:
  static constexpr std::size_t kMaxNameBytes = kMostToolNameBytes;

  struct Route {
    std::size_t server = 0;  // of the shelves
    std::shared_ptr<const RemoteTool> tool;
  };

  Catalog() : offered_(std::make_shared<const std::vector<Tool>>()) {}
  explicit Catalog(const std::vector<Shelf>& shelves, const Catalog& before = {});

  const ToolList& offered() const { return offered_; }
  // Null for a name that was never given.
  const Route* find(std::string_view name) const;
  // "docs_search": of the second of two that are called the same, or of one that is called like a delegation.
  const std::vector<std::string>& renamed() const { return renamed_; }

 private:
  void keep_names(const std::vector<Shelf>& shelves, const Catalog& before);
  const std::string* kept_name(std::size_t server, const RemoteTool& tool) const;
  // Empty when every name for it is taken.
  std::string name_for(const Shelf& shelf, const RemoteTool& tool);
  bool is_taken(const std::string& name) const;

  ToolList offered_;
  std::map<std::string, Route, std::less<>> routes_;
  std::map<std::pair<std::size_t, std::string>, std::string> names_;  // of each server's tools
  std::vector<std::string> renamed_;
};

}  // namespace pais::tools::mcp
