#include <algorithm>

#include "base/settings_table.h"

namespace pais::settings {
namespace {

bool matches(std::string_view pattern, std::string_view name) {
  return pattern.ends_with('*') ? name.starts_with(pattern.substr(0, pattern.size() - 1)) : name == pattern;
}

}  // namespace

const std::vector<Family>& families() {
  static const std::vector<Family> all = {
      {"MCP_SERVER_", "<name>", "_URL", "Address of an MCP server; /mcp is added where it is missing"},
      {"MCP_SERVER_", "<name>", "_TOKEN", "Sent to that MCP server as a bearer token"},
      {"MCP_SERVER_", "<name>", "_HEADERS", "Sent to that MCP server with every request: name=value,name=value"},
      {"PEER_AGENT_", "<NAME>", "_CARD_URL", "Address of an agent in PEER_AGENTS"},
      {"PEER_AGENT_", "<NAME>", "_API_KEY", "Sent to that agent as X-API-Key; also to one in AGENT_SUB_AGENTS"}};
  return all;
}

bool belongs(const Family& family, std::string_view name) {
  const std::string upper = upper_case(name);
  return upper.size() > family.prefix.size() + family.suffix.size() && upper.starts_with(family.prefix) &&
         upper.ends_with(family.suffix);
}

const std::vector<std::string_view>& reserved_names() {
  static const std::vector<std::string_view> all = {"TASK_*",
                                                    "AUTONOMOUS_*",
                                                    "AGENT_SYSTEM_PROMPT",
                                                    "AGENT_IDENTITY",
                                                    "AGENT_AUTH_*",
                                                    "AGENTIC_LOOP_ENABLE_TOOLS",
                                                    "AGENTIC_LOOP_ENABLE_DELEGATION",
                                                    "AIB_*",
                                                    "KAOS_TOKEN_EXCHANGE_CONFIG",
                                                    "MEMORY_STORE_ENDPOINT",
                                                    "MEMORY_SCOPE",
                                                    "MEMORY_DEFAULT_READ_SCOPE",
                                                    "MEMORY_READ_SCOPES",
                                                    "MEMORY_TOOLS",
                                                    "MEMORY_FAILURE_MODE",
                                                    "MEMORY_SHORT_TERM_TOKEN_BUDGET",
                                                    "MEMORY_ROLLING_SUMMARY"};
  return all;
}

bool is_reserved(std::string_view name) {
  const std::string upper = upper_case(name);
  if (upper == "AGENT_AUTH_REQUIRED") return false;
  const auto& all = reserved_names();
  return std::any_of(all.begin(), all.end(), [&](std::string_view pattern) { return matches(pattern, upper); });
}

std::string upper_case(std::string_view text) {
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : static_cast<char>(c);
  });
  return upper;
}

}  // namespace pais::settings
