// The tools of MCP servers, over streamable HTTP, as one Toolset.
//
// Opening contacts nobody: sessions are opened in the background, one a server, and shared by all runs. A server that
// is away costs only its own tools: it is tried again, less and less often, until it is back, and the log has one line
// for each change. The lists of tools are kept, and renewed when a server says so or a while has passed.
//
// `tools()` and the details below never touch the network. A call that could not be carried out is a ToolResult that
// says so to the model, and is never made twice unless the server has surely not received it. Only with `required` is a
// server that cannot be reached an Error: `mcp_unavailable`.
//
// Two tools of one name: the server that was named first keeps it, the later one's is offered as `<server>_<tool>`.
//
// From any thread. One thread of its own keeps the servers in view; more are borrowed while there is something to wait
// for, one for each server that tells of changes. In a forked child nothing is kept in view, but calls can be made.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/client.h"
#include "http/message.h"
#include "telemetry/metrics.h"
#include "tools/toolset.h"

namespace pais::tools::mcp {

struct ServerAddress {
  std::string name;
  std::string url;             // whole, with its /mcp
  std::string token = {};      // of the Authorization header; empty: none
  http::Headers headers = {};  // sent with every request
};

struct McpOptions {
  std::vector<ServerAddress> servers;
  bool required = false;
  std::chrono::milliseconds refresh{60'000};  // of the lists of tools; 0: only when a server says so
  std::chrono::milliseconds handshake{5'000};
  std::chrono::milliseconds call{300'000};      // 0: no limit
  std::size_t answer_bytes = 32 * 1024 * 1024;  // many servers say a text twice, as such and in structure

  // How long a server that is away is left alone, at first and at most.
  std::chrono::milliseconds first_pause{500};
  std::chrono::milliseconds longest_pause{30'000};
};

// How one server stands, for those who look after the host.
struct ServerStatus {
  enum class State {
    connecting,   // not heard of yet
    ready,        // its tools are offered
    unavailable,  // it is away; it is being tried again
  };
  std::string name;
  State state = State::connecting;
  std::size_t tools = 0;
  std::string protocol = {};          // "2025-11-25"; empty while it is away
  std::optional<Error> problem = {};  // for the log alone: it may name hosts
};

class McpToolset : public Toolset {
 public:
  // In the order of McpOptions::servers.
  virtual std::vector<ServerStatus> servers() const = 0;

  // False when not every server has been heard of, or given up for now, in that time.
  virtual bool wait_until_tried(std::chrono::milliseconds within) const = 0;

  // Counts from here on: calls by server and outcome, their duration, sessions that were opened, and how many tools
  // each server has. At most once, and before the first run; `metrics` must live as long as runs do.
  virtual void count_in(telemetry::Metrics& metrics) = 0;

  // Says good-bye to the servers, which takes a second at most. Calls fail from here on.
  virtual void close() = 0;
};

// Null when there are no servers.
std::shared_ptr<McpToolset> open_mcp(McpOptions options, std::shared_ptr<const http::Client> client);

}  // namespace pais::tools::mcp
