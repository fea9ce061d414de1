#include "server/open_tools.h"

#include <utility>

#include "base/joined.h"

namespace pais::server {
namespace {

using tools::delegation::DelegationOptions;
using tools::delegation::Peer;
using tools::delegation::PeerStatus;
using tools::mcp::McpOptions;
using tools::mcp::ServerStatus;

const telemetry::Metric kPeerUp{.name = "pais.delegation.peer.up",
                                .kind = telemetry::Metric::Kind::gauge,
                                .unit = "1",
                                .help = "Whether an agent to delegate to can be reached"};

DelegationOptions delegation_options(const Settings& settings) {
  DelegationOptions options{.agent = settings.agent_name,
                            .context_limit = static_cast<std::size_t>(settings.memory_context_limit),
                            .with_context = settings.memory() != MemoryType::none,
                            .same_session = settings.delegation_session == DelegationSession::same,
                            .max_depth = static_cast<int>(settings.max_delegation_depth),
                            .timeout = settings.delegation_timeout,
                            .refresh = settings.delegation_refresh,
                            .allowed_hosts = joined(settings.delegation_allowed_hosts, ",")};
  for (const SubAgent& each : settings.sub_agents) {
    options.peers.push_back({.name = each.name, .url = each.url, .api_key = each.api_key});
  }
  return options;
}

McpOptions mcp_options(const Settings& settings) {
  McpOptions options{
      .servers = {}, .required = settings.mcp_required, .refresh = settings.mcp_refresh, .call = settings.tool_timeout};
  for (const McpServer& each : settings.mcp) {
    options.servers.push_back({.name = each.name, .url = each.url, .token = each.token, .headers = each.headers});
  }
  return options;
}

}  // namespace

HostTools::HostTools(std::shared_ptr<tools::mcp::McpToolset> mcp,
                     std::shared_ptr<tools::delegation::DelegationToolset> delegation)
    : mcp_(std::move(mcp)), delegation_(std::move(delegation)) {}

agent::Toolsets HostTools::toolsets() const {
  agent::Toolsets all;
  if (mcp_) all.push_back(mcp_);
  if (delegation_) all.push_back(delegation_);
  return all;
}

std::vector<std::string> HostTools::degraded() const {
  std::vector<std::string> away;
  for (const auto& server : mcp_ ? mcp_->servers() : std::vector<ServerStatus>()) {
    if (server.state == ServerStatus::State::unavailable) away.push_back("mcp:" + server.name);
  }
  for (const auto& peer : delegation_ ? delegation_->peers() : std::vector<PeerStatus>()) {
    if (peer.state == Peer::State::unavailable) away.push_back("agent:" + peer.name);
  }
  return away;
}

std::optional<Error> HostTools::missing_server() const {
  for (const auto& server : mcp_ ? mcp_->servers() : std::vector<ServerStatus>()) {
    if (server.state == ServerStatus::State::ready) continue;
    const std::string why = server.problem ? server.problem->describe() : "it has not answered yet";
    return Error{.code = Code::mcp_unavailable, .cause = "MCP server " + server.name + ": " + why};
  }
  return std::nullopt;
}

// The agents' tools are known without asking them.
void HostTools::wait_for_first_lists(std::chrono::steady_clock::time_point moment) const {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(moment - std::chrono::steady_clock::now());
  if (mcp_ && left.count() > 0) mcp_->wait_until_tried(left);
}

void HostTools::show_in(telemetry::Metrics& metrics) {
  if (mcp_) mcp_->count_in(metrics);
  if (!delegation_) return;
  const auto peers = delegation_->peers();
  for (std::size_t i = 0; i < peers.size(); ++i) {
    metrics.observe(kPeerUp,
                    [this, i] { return delegation_->peers()[i].state == Peer::State::unavailable ? 0.0 : 1.0; },
                    {{"peer", peers[i].name}});
  }
}

void HostTools::close() {
  if (mcp_) mcp_->close();
  if (delegation_) delegation_->close();
}

agent::ToolLimits tool_limits(const Settings& settings) {
  return {.retries = static_cast<int>(settings.tool_retries),
          .timeout = settings.tool_timeout,
          .result_max_bytes = static_cast<std::size_t>(settings.tool_result_max_bytes)};
}

std::shared_ptr<HostTools> open_tools(const Settings& settings, std::shared_ptr<http::CallFollower> follower) {
  DelegationOptions delegation = delegation_options(settings);
  delegation.follower = follower;
  auto client = std::make_shared<const http::Client>(http::Client::Options{.follower = std::move(follower)});
  return std::make_shared<HostTools>(tools::mcp::open_mcp(mcp_options(settings), std::move(client)),
                                     tools::delegation::open_delegation(std::move(delegation)));
}

}  // namespace pais::server
