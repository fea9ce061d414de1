#include "tools/mcp/remote_tool.h"

#include <algorithm>

#include "nlohmann/json.hpp"

#include "base/json.h"
#include "tools/mcp/header_arguments.h"
#include "tools/mcp/header_value.h"
#include "tools/mcp/message.h"

namespace pais::tools::mcp {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxNameBytes = 256;
constexpr std::size_t kMaxCursorBytes = 64 * 1024;
constexpr std::size_t kMaxComplaints = 20;
constexpr std::chrono::milliseconds kLongestKept = std::chrono::hours(24);

std::string text_at(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

const json* value_at(const json& object, const std::vector<std::string>& path) {
  const json* value = &object;
  for (const std::string& name : path) {
    if (!value->is_object()) return nullptr;
    const auto found = value->find(name);
    if (found == value->end()) return nullptr;
    value = &*found;
  }
  return value;
}

// As a header has it; nothing for what is not there.
std::optional<std::string> header_text(const json& value) {
  if (value.is_string()) return header_value(value.get_ref<const std::string&>());
  if (value.is_number_integer() || value.is_boolean()) return value.dump();
  return std::nullopt;
}

}  // namespace

http::Headers RemoteTool::headers_for(const json& arguments) const {
  http::Headers headers;
  for (const HeaderArgument& each : header_arguments) {
    const json* value = value_at(arguments, each.path);
    if (value == nullptr) continue;
    if (auto text = header_text(*value)) headers.emplace_back(each.header, *std::move(text));
  }
  return headers;
}

Result<std::optional<std::string>> ToolPages::add(const json& page) {
  const auto tools = page.is_object() ? page.find("tools") : page.end();
  if (!page.is_object() || tools == page.end() || !tools->is_array()) {
    return Error{.code = Code::malformed, .cause = "the answer is no list of tools"};
  }
  for (const json& tool : *tools) add_tool(tool);
  if (const auto keeps = page.find("ttlMs"); keeps != page.end() && keeps->is_number_integer() && *keeps >= 0) {
    const auto milliseconds = std::min(keeps->get<std::uint64_t>(), static_cast<std::uint64_t>(kLongestKept.count()));
    keeps_ = std::chrono::milliseconds(milliseconds);
  }

  std::string cursor = text_at(page, "nextCursor");
  if (cursor.empty() || full_) return std::optional<std::string>();
  if (cursor.size() > kMaxCursorBytes || cursors_.size() + 1 >= kMaxPages || !cursors_.insert(cursor).second) {
    complain("the list of tools does not end; what has been read of it is taken");
    return std::optional<std::string>();
  }
  return std::optional<std::string>(std::move(cursor));
}

void ToolPages::add_tool(const json& tool) {
  if (full_) return;
  const std::string name = tool.is_object() ? text_at(tool, "name") : "";
  if (name.empty() || name.size() > kMaxNameBytes) return complain("a tool without a usable name is left out");
  if (!names_.insert(name).second) return complain("the tool " + name + " is listed twice; the first one counts");

  RemoteTool read{.name = name, .description = text_at(tool, "description"), .parameters = R"({"type":"object"})"};
  if (read.description.empty()) read.description = text_at(tool, "title");
  if (const auto schema = tool.find("inputSchema"); schema != tool.end() && schema->is_object()) {
    read.parameters = dump_json(*schema);
    if (with_headers_) {
      auto wanted = read_header_arguments(*schema);
      if (!wanted) return complain("the tool " + name + " is left out: its schema has " + wanted.error().cause);
      read.header_arguments = *std::move(wanted);
    }
  }

  bytes_ += read.name.size() + read.description.size() + read.parameters.size();
  if (tools_.size() >= kMaxTools || bytes_ > kMaxBytes) {
    full_ = true;
    return complain("the list of tools is too long; what has been read of it is taken");
  }
  tools_.push_back(std::move(read));
}

void ToolPages::complain(const std::string& complaint) {
  if (complaints_.size() < kMaxComplaints) complaints_.push_back(excerpt(complaint));
}

}  // namespace pais::tools::mcp
