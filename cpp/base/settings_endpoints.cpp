#include "base/settings_endpoints.h"

#include <algorithm>
#include <array>

#include "base/secrets.h"
#include "base/settings_kinds.h"
#include "base/settings_table.h"

namespace pais::settings {
namespace {

// "my-mcp" → "MY_MCP": what a shell can set.
std::string upper_snake(std::string_view name) {
  std::string text = upper_case(name);
  for (char& c : text) {
    if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))) c = '_';
  }
  return text;
}

// The platform's spelling for agents: only hyphens change.
std::string peer_name(std::string_view name) {
  std::string text = upper_case(name);
  std::replace(text.begin(), text.end(), '-', '_');
  return text;
}

// What the first of two spellings says, and else the second.
std::optional<std::string> look_up(const SourceIndex& sources, const std::string& first, const std::string& second,
                                   Findings& findings) {
  for (const std::string& name : {first, second}) {
    const auto found = sources.find_exactly(name);
    if (!found || found->value.empty()) continue;
    findings.origins[name] = found->origin;
    return found->value;
  }
  return std::nullopt;
}

// A credential that could break a header is refused without being shown.
std::string credential(const SourceIndex& sources, const std::string& first, const std::string& second,
                       Findings& findings) {
  const auto found = look_up(sources, first, second, findings);
  if (!found || is_header_safe(*found)) return found.value_or("");
  findings.problem(first + ": its value (not shown) is not text of visible ASCII characters");
  return "";
}

// Headers may be secrets, so a value that is none is refused without being shown.
Pairs headers(const SourceIndex& sources, const std::string& first, const std::string& second, Findings& findings) {
  const auto found = look_up(sources, first, second, findings);
  if (!found) return {};
  auto pairs = parse_pairs(*found);
  if (const auto* objected = std::get_if<Objected>(&pairs)) {
    findings.problem(first + ": its value (not shown) " + objected->text);
    return {};
  }
  return std::get<0>(std::move(pairs));
}

std::string without_slash(std::string_view url) {
  return completed_url(url, "");
}

// Of the paths that an agent answers at, which people write where its address belongs.
constexpr std::array<std::string_view, 4> kAgentPaths = {"/.well-known/agent.json", "/.well-known/agent-card.json",
                                                         "/v1/chat/completions", "/v1"};

// The address of an agent: without a slash at the end, and without one of its own paths there.
std::string agent_url(std::string_view said, const std::string& variable, const std::string& agent,
                      Findings& findings) {
  std::string url = without_slash(said);
  const auto host = url.find("://") + 3;
  for (const std::string_view path : kAgentPaths) {
    if (!url.ends_with(path) || url.size() - path.size() <= host) continue;
    std::string address = without_slash(std::string_view(url).substr(0, url.size() - path.size()));
    findings.warning(variable + ": " + std::string(path) + " is a path of agent " + agent +
                     ", whose address is taken to be " + mask_url(address));
    return address;
  }
  return url;
}

bool is_web_url(std::string_view text) {
  return is_url(text, {"http", "https"});
}

// The names without repetitions, said once.
std::vector<std::string> each_once(const std::vector<std::string>& names, const std::string& variable,
                                   Findings& findings) {
  std::vector<std::string> once;
  std::vector<std::string> again;
  for (const std::string& name : names) {
    auto& into = std::find(once.begin(), once.end(), name) == once.end() ? once : again;
    into.push_back(name);
  }
  if (!again.empty()) findings.warning(variable + ": named more than once, the last one counts: " + shown(again));
  return once;
}

std::vector<std::string> entries_of(std::string_view text) {
  auto items = parse_list(text);
  return std::get<0>(std::move(items));
}

// Entries are told by their place: of an entry that was not understood any part may be a secret.
std::vector<SubAgent> read_sub_agents(const std::string& text, Findings& findings) {
  std::vector<SubAgent> agents;
  std::size_t place = 0;
  for (const std::string& entry : entries_of(text)) {
    ++place;
    const auto colon = std::min(entry.find(':'), entry.size());
    const std::string name(trimmed(std::string_view(entry).substr(0, colon)));
    const std::string url(trimmed(std::string_view(entry).substr(std::min(colon + 1, entry.size()))));
    if (name.empty() || !is_web_url(url)) {
      findings.doubt("AGENT_SUB_AGENTS: entry " + std::to_string(place) +
                     " is not name:url with an http:// or https:// URL; it is skipped");
      continue;
    }
    agents.push_back({.name = name, .url = agent_url(url, "AGENT_SUB_AGENTS", name, findings), .api_key = {}});
  }
  return agents;
}

// A repeated name keeps its first place and takes its last address.
std::vector<SubAgent> last_of_each(const std::vector<SubAgent>& agents, Findings& findings) {
  std::vector<std::string> names;
  for (const SubAgent& each : agents) names.push_back(each.name);
  std::vector<SubAgent> once;
  for (const std::string& name : each_once(names, "AGENT_SUB_AGENTS", findings)) {
    once.push_back(
        *std::find_if(agents.rbegin(), agents.rend(), [&](const SubAgent& each) { return each.name == name; }));
  }
  return once;
}

std::vector<SubAgent> look_up_peers(const std::vector<std::string>& names, const SourceIndex& sources,
                                    Findings& findings) {
  std::vector<SubAgent> agents;
  for (const std::string& name : each_once(names, "PEER_AGENTS", findings)) {
    const std::string variable = "PEER_AGENT_" + peer_name(name) + "_CARD_URL";
    const auto url = look_up(sources, variable, "PEER_AGENT_" + upper_snake(name) + "_CARD_URL", findings);
    if (!url) {
      findings.doubt("No URL found for peer agent " + name + " (expected " + variable + ")");
    } else if (!is_web_url(*url)) {
      findings.doubt(variable + ": not an http:// or https:// URL; peer agent " + name + " is skipped");
    } else {
      agents.push_back({.name = name, .url = agent_url(*url, variable, name, findings), .api_key = {}});
    }
  }
  return agents;
}

}  // namespace

std::string completed_url(std::string_view url, std::string_view tail) {
  const auto end = std::min(url.find_first_of("?#"), url.size());
  std::string_view path = url.substr(0, end);
  while (path.ends_with('/')) path.remove_suffix(1);
  std::string completed(path);
  if (!path.ends_with(tail)) completed += tail;
  return completed + std::string(url.substr(end));
}

void find_mcp_servers(Settings& settings, const SourceIndex& sources, Findings& findings) {
  for (const std::string& name : each_once(settings.mcp_servers, "MCP_SERVERS", findings)) {
    const std::string exact = "MCP_SERVER_" + name;
    const std::string upper = "MCP_SERVER_" + upper_snake(name);
    const auto url = look_up(sources, exact + "_URL", upper + "_URL", findings);
    if (!url) {
      findings.doubt("No URL found for MCP server " + name + " (expected " + exact + "_URL)");
    } else if (!is_web_url(*url)) {
      findings.doubt(exact + "_URL: not an http:// or https:// URL; MCP server " + name + " is skipped");
    } else {
      settings.mcp.push_back({.name = name,
                              .url = completed_url(*url, "/mcp"),
                              .token = credential(sources, exact + "_TOKEN", upper + "_TOKEN", findings),
                              .headers = headers(sources, exact + "_HEADERS", upper + "_HEADERS", findings)});
    }
  }
}

void find_sub_agents(Settings& settings, const SourceIndex& sources, Findings& findings) {
  settings.sub_agents = settings.agent_sub_agents.empty()
                            ? look_up_peers(settings.peer_agents, sources, findings)
                            : last_of_each(read_sub_agents(settings.agent_sub_agents, findings), findings);
  for (SubAgent& each : settings.sub_agents) {
    each.api_key = credential(sources, "PEER_AGENT_" + peer_name(each.name) + "_API_KEY",
                              "PEER_AGENT_" + upper_snake(each.name) + "_API_KEY", findings);
  }
}

}  // namespace pais::settings
