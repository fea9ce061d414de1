// The tools of one server, as it lists them.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "nlohmann/json_fwd.hpp"

#include "base/result.h"
#include "http/message.h"

namespace pais::tools::mcp {

// An argument that a call also carries as a header, and the path of properties that leads to it.
struct HeaderArgument {
  std::string header;  // "Mcp-Param-Region"
  std::vector<std::string> path;

  bool operator==(const HeaderArgument&) const = default;
};

struct RemoteTool {
  std::string name;  // as the server calls it
  std::string description;
  std::string parameters;  // JSON Schema text of an object
  std::vector<HeaderArgument> header_arguments = {};

  bool operator==(const RemoteTool&) const = default;

  // What a call with these arguments says in its headers.
  http::Headers headers_for(const nlohmann::json& arguments) const;
};

using RemoteTools = std::shared_ptr<const std::vector<RemoteTool>>;

// Gathers the pages of a list, and stops where a server would go on for ever.
class ToolPages {
 public:
  static constexpr std::size_t kMaxPages = 1000;
  static constexpr std::size_t kMaxTools = 10'000;
  static constexpr std::size_t kMaxBytes = 32 * 1024 * 1024;

  // `with_headers`: the server may ask for arguments in headers, and a tool that does so wrongly is left out.
  explicit ToolPages(bool with_headers) : with_headers_(with_headers) {}

  // The cursor of the next page, or nothing when this was the last. `malformed` when it is no page at all.
  Result<std::optional<std::string>> add(const nlohmann::json& page);

  std::vector<RemoteTool> take() { return std::move(tools_); }
  // What was left out, one line each.
  const std::vector<std::string>& complaints() const { return complaints_; }
  // How long the server says that the list keeps.
  std::optional<std::chrono::milliseconds> keeps() const { return keeps_; }

 private:
  void add_tool(const nlohmann::json& tool);
  void complain(const std::string& complaint);

  const bool with_headers_;
  std::vector<RemoteTool> tools_;
  std::set<std::string> names_;
  std::set<std::string> cursors_;
  std::vector<std::string> complaints_;
  std::optional<std::chrono::milliseconds> keeps_;
  std::size_t bytes_ = 0;
  bool full_ = false;
};

}  // namespace pais::tools::mcp
