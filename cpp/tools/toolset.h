// A Toolset lists tools and calls one. MCP servers and other agents stand behind it; who runs an agent cannot tell
// which.
//
// One Toolset serves all runs, from any thread. Listing never touches the network: it hands out what is known now.
// A call blocks its thread until the tool has answered, its time is over, or the stop comes. Nothing here throws.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "events/run.h"
#include "events/values.h"
#include "telemetry/propagation.h"
#include "tools/handover.h"

namespace pais::tools {

struct Tool {
  std::string name;
  std::string description;
  std::string parameters;              // JSON Schema text of an object
  std::string skill_description = {};  // for the agent card; empty: the description
};

using ToolList = std::shared_ptr<const std::vector<Tool>>;

// What a call may need to know of the run it is part of.
struct CallContext {
  events::RunSink& run;
  const std::vector<events::Utterance>& history;  // of the session, before this turn
  std::string prompt;                             // of this turn
  std::optional<std::chrono::steady_clock::time_point> deadline = {};
  std::shared_ptr<const telemetry::Propagation> propagation = {};  // null: nobody follows this run
  Lineage lineage = {};
  Allowance left = {};
  bool stream = false;  // the client hears how the run gets on
};

struct ToolResult {
  std::string content;  // JSON text when `is_json`, else plain text; what the model reads
  bool is_json = false;
  bool is_error = false;         // the tool says it failed: the model is told
  bool counts_as_retry = false;  // of such an error: the model's own mistake, limited in number
  events::Usage spent = {};      // by others on our behalf
};

class Toolset {
 public:
  virtual ~Toolset() = default;
  virtual ToolList tools() const = 0;

  // `call.tool` is one of `tools()`. An Error ends the turn; what the model can act on is a ToolResult.
  virtual Result<ToolResult> call(const events::ToolCall& call, const CallContext& context, std::stop_token stop) = 0;
};

inline constexpr std::string_view kDelegationPrefix = "delegate_to_";

}  // namespace pais::tools
