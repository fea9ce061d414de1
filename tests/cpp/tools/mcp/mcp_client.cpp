// The MCP client by hand, for trying servers and for the protocol's own conformance suite:
//
//   pais_mcp_client URL                     lists the tools
//   pais_mcp_client URL TOOL [ARGUMENTS]…   and calls some, one after the other; arguments are JSON
//   pais_mcp_client --all URL               and calls every one, with arguments made up from its schema, or those
//                                           that the suite asks for in MCP_CONFORMANCE_CONTEXT; for an argument
//                                           `schema` it takes that of the first tool
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "nlohmann/json.hpp"

#include "base/json.h"
#include "tools/mcp/open_mcp.h"

namespace {

using nlohmann::json;
using namespace pais;

constexpr std::chrono::seconds kPatience{20};

json made_up(const json& schema) {
  const std::string type = schema.value("type", "");
  if (schema.contains("enum")) return schema["enum"][0];
  if (schema.contains("default")) return schema["default"];
  if (type == "integer" || type == "number") return 3;
  if (type == "boolean") return true;
  if (type == "array") return json::array();
  if (type != "object") return "text";
  json object = json::object();
  const json properties = schema.value("properties", json::object());
  for (const auto& [name, value] : properties.items()) object[name] = made_up(value);
  return object;
}

// What the suite wants called; null when it does not say.
json wished_calls() {
  const char* context = std::getenv("MCP_CONFORMANCE_CONTEXT");
  const auto read = parse_json(context == nullptr ? "" : context);
  return read && read->is_object() ? read->value("toolCalls", json()) : json();
}

bool call(tools::Toolset& toolset, const std::string& tool, const std::string& arguments) {
  events::RunSink nobody({}, {});
  const std::vector<events::Utterance> history;
  const tools::CallContext context{.run = nobody, .history = history, .prompt = ""};
  const auto result = toolset.call({.id = "call_1", .tool = tool, .arguments = arguments}, context, {});
  if (!result) {
    std::printf("%s: %s\n", tool.c_str(), result.error().describe().c_str());
    return false;
  }
  std::printf("%s%s: %s\n", tool.c_str(), result->is_error ? " failed" : "", result->content.c_str());
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  const bool all = !words.empty() && words.front() == "--all";
  if (all) words.erase(words.begin());
  if (words.empty()) {
    std::fprintf(stderr, "usage: pais_mcp_client [--all] URL [TOOL [ARGUMENTS]]…\n");
    return 2;
  }
  const auto toolset =
      tools::mcp::open_mcp({.servers = {{.name = "server", .url = words[0]}}}, std::make_shared<const http::Client>());
  toolset->wait_until_tried(kPatience);
  const auto status = toolset->servers().front();
  if (status.problem) {
    std::fprintf(stderr, "%s\n", status.problem->describe().c_str());
    return 1;
  }
  std::printf("protocol %s, %zu tools\n", status.protocol.c_str(), status.tools);
  const auto listed = toolset->tools();
  const json wished = all ? wished_calls() : json();
  bool good = true;
  for (const json& each : wished) {
    good = call(*toolset, each.value("name", ""), each.value("arguments", json::object()).dump()) && good;
  }
  for (const tools::Tool& tool : *listed) {
    std::printf("- %s: %s\n", tool.name.c_str(), tool.description.c_str());
    if (!all || !wished.is_null()) continue;
    const auto schema = parse_json(tool.parameters);
    json arguments = schema ? made_up(*schema) : json::object();
    if (arguments.contains("schema")) arguments["schema"] = *parse_json(listed->front().parameters);
    good = call(*toolset, tool.name, arguments.dump()) && good;
  }
  for (std::size_t i = 1; i < words.size(); i += 2) {
    good = call(*toolset, words[i], i + 1 < words.size() ? words[i + 1] : "{}") && good;
  }
  return good ? 0 : 1;
}
