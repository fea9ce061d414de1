#include "tools/mcp/header_arguments.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>
#include <utility>

#include "nlohmann/json.hpp"

#include "http/message.h"

namespace pais::tools::mcp {
namespace {

using nlohmann::json;

constexpr const char* kMark = "x-mcp-header";
constexpr std::size_t kMaxNameBytes = 128;

bool is_header_name(std::string_view text) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  const auto fits = [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || kOthers.find(c) != std::string_view::npos;
  };
  return !text.empty() && text.size() <= kMaxNameBytes && std::all_of(text.begin(), text.end(), fits);
}

Error wrong(std::string cause) {
  return {.code = Code::malformed, .cause = std::move(cause)};
}

class Search {
 public:
  // `reachable`: by `properties` alone.
  Result<void> look(const json& schema, bool reachable) {
    if (!schema.is_object()) return {};
    if (const auto mark = schema.find(kMark); mark != schema.end()) {
      if (auto taken = take(*mark, schema, reachable); !taken) return taken;
    }
    for (const auto& [keyword, value] : schema.items()) {
      if (auto looked = look_behind(keyword, value, reachable); !looked) return looked;
    }
    return {};
  }

  std::vector<HeaderArgument> found() { return std::move(found_); }

 private:
  Result<void> take(const json& mark, const json& schema, bool reachable) {
    if (!mark.is_string() || !is_header_name(mark.get_ref<const std::string&>())) return wrong("not a header's name");
    if (!reachable || path_.empty()) return wrong("a header for what is not reached by properties alone");
    const std::string type = schema.contains("type") && schema["type"].is_string() ? schema["type"] : json("");
    if (type != "string" && type != "integer" && type != "boolean")
      return wrong("a header for a value of type " + type);
    const std::string header = "Mcp-Param-" + mark.get<std::string>();
    const bool twice = std::any_of(found_.begin(), found_.end(), [&](const HeaderArgument& each) {
      return http::equal_ignoring_case(each.header, header);
    });
    if (twice) return wrong("twice the header " + header);
    found_.push_back({.header = header, .path = path_});
    return {};
  }

  // Only the places where a schema stands: what is data (`default`, `const`, `enum`, `examples`) is not looked at.
  Result<void> look_behind(const std::string& keyword, const json& value, bool reachable) {
    if (keyword == "properties") return look_at_properties(value, reachable);
    if (is_data(keyword)) return {};
    if (value.is_array() || is_map_of_schemas(keyword)) {
      if (!value.is_structured()) return {};
      for (const json& each : value) {
        if (auto looked = look(each, false); !looked) return looked;
      }
      return {};
    }
    return look(value, false);
  }

  Result<void> look_at_properties(const json& properties, bool reachable) {
    if (!properties.is_object()) return {};
    for (const auto& [name, schema] : properties.items()) {
      path_.push_back(name);
      auto looked = look(schema, reachable);
      path_.pop_back();
      if (!looked) return looked;
    }
    return {};
  }

  static bool is_data(std::string_view keyword) {
    return keyword == "default" || keyword == "const" || keyword == "enum" || keyword == "examples" ||
           keyword == "required";
  }
  static bool is_map_of_schemas(std::string_view keyword) {
    return keyword == "patternProperties" || keyword == "dependentSchemas" || keyword == "$defs" ||
           keyword == "definitions";
  }

  std::vector<std::string> path_;
  std::vector<HeaderArgument> found_;
};

}  // namespace

Result<std::vector<HeaderArgument>> read_header_arguments(const json& schema) {
  Search search;
  if (auto looked = search.look(schema, true); !looked) return looked.error();
  return search.found();
}

}  // namespace pais::tools::mcp
