#include "tools/mcp/tool_answer.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "nlohmann/json.hpp"

#include "base/json.h"

namespace pais::tools::mcp {
namespace {

using nlohmann::json;

constexpr std::size_t kMostProgressBytes = 200;

std::string text_at(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string type_of(const json& part) {
  return part.is_object() ? text_at(part, "type") : "";
}

std::size_t decoded_size(std::string_view base64) {
  const auto padding = static_cast<std::size_t>(base64.ends_with("==") ? 2 : base64.ends_with('=') ? 1 : 0);
  return base64.size() / 4 * 3 - std::min(padding, base64.size() / 4 * 3);
}

std::string note(const std::string& what, const json& object, const char* bytes) {
  std::string text = "[" + what;
  if (const std::string uri = text_at(object, "uri"); !uri.empty()) text += " " + uri;
  if (const std::string mime = text_at(object, "mimeType"); !mime.empty()) text += ", " + mime;
  if (object.contains(bytes)) text += ", " + std::to_string(decoded_size(text_at(object, bytes))) + " bytes";
  return text + ", cannot be shown here]";
}

json of_text(std::string text) {
  const auto start = text.find_first_not_of(" \t\r\n");
  const bool may_be_json = start != std::string::npos && (text[start] == '{' || text[start] == '[');
  if (may_be_json) {
    if (auto value = parse_json(text)) return *std::move(value);
  }
  return text;
}

json of_resource(const json& part) {
  const auto found = part.find("resource");
  if (found == part.end() || !found->is_object()) return "[a resource that cannot be shown here]";
  if (found->contains("text")) return of_text(text_at(*found, "text"));
  return note("resource", *found, "blob");
}

std::string of_link(const json& part) {
  const std::string name = text_at(part, "name");
  const std::string uri = text_at(part, "uri");
  return name.empty() || name == uri ? uri : name + ": " + uri;
}

json of_part(const json& part) {
  const std::string type = type_of(part);
  if (type == "text") return of_text(text_at(part, "text"));
  if (type == "image") return note("image", part, "data");
  if (type == "audio") return note("audio", part, "data");
  if (type == "resource") return of_resource(part);
  if (type == "resource_link") return of_link(part);
  return "[content of an unknown kind]";
}

// In a failure everything is text.
std::string words(const json& value) {
  return value.is_string() ? value.get<std::string>() : dump_json(value);
}

ToolResult told(const json& value) {
  if (value.is_string()) return {.content = value.get<std::string>()};
  return {.content = dump_json(value), .is_json = true};
}

// Many servers wrap what is no object: the value is what they mean.
const json& unwrapped(const json& structured) {
  const bool wraps = structured.is_object() && structured.size() == 1 && structured.contains("result");
  return wraps ? structured["result"] : structured;
}

ToolResult failure(const json& parts) {
  std::string text;
  for (const json& part : parts) {
    if (!text.empty()) text += '\n';
    text += words(of_part(part));
  }
  if (text.empty()) text = "The tool failed and did not say why.";
  return {.content = std::move(text), .is_error = true, .counts_as_retry = true};
}

}  // namespace

ToolResult read_tool_answer(const json& result) {
  static const json kNone = json::array();
  const auto content = result.is_object() ? result.find("content") : result.end();
  const json& parts = result.is_object() && content != result.end() && content->is_array() ? *content : kNone;
  if (!result.is_object()) return {.content = words(result), .is_json = !result.is_string()};

  const auto failed = result.find("isError");
  if (failed != result.end() && failed->is_boolean() && failed->get<bool>()) return failure(parts);

  const bool only_text =
      std::all_of(parts.begin(), parts.end(), [](const json& part) { return type_of(part) == "text"; });
  const auto structured = result.find("structuredContent");
  const bool has_structure = structured != result.end() && !structured->is_null();
  if (has_structure && only_text) return told(unwrapped(*structured));

  json values = json::array();
  if (has_structure) values.push_back(unwrapped(*structured));
  for (const json& part : parts) {
    if (!has_structure || type_of(part) != "text") values.push_back(of_part(part));
  }
  if (values.empty()) return {};
  return told(values.size() == 1 ? values.front() : values);
}

std::optional<events::Advance> read_progress(const json& params, std::string_view id) {
  if (!params.is_object()) return std::nullopt;
  const auto token = params.find("progressToken");
  const auto progress = params.find("progress");
  if (token == params.end() || dump_json(*token) != id) return std::nullopt;
  if (progress == params.end() || !progress->is_number()) return std::nullopt;
  events::Advance so_far{.fraction = {}, .message = excerpt(text_at(params, "message"), kMostProgressBytes)};
  const auto total = params.find("total");
  const double whole = total != params.end() && total->is_number() ? total->get<double>() : 0;
  if (whole > 0) so_far.fraction = std::clamp(progress->get<double>() / whole, 0.0, 1.0);
  return so_far;
}

ToolResult read_refusal(const Refusal& refusal) {
  const bool models_mistake = refusal.code == Refusal::kInvalidParams || refusal.code == Refusal::kMethodNotFound;
  return {.content = refusal.message.empty() ? "The tool's server refused the call." : refusal.message,
          .is_error = true,
          .counts_as_retry = models_mistake};
}

}  // namespace pais::tools::mcp
