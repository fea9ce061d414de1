// One call of a tool, held to the limits that all tools of a host share, whoever runs the agent.
#pragma once

#include <chrono>
#include <cstddef>
#include <stop_token>

#include "agent/alarms.h"
#include "base/result.h"
#include "events/values.h"
#include "tools/toolset.h"

namespace pais::agent {

struct ToolLimits {
  int retries = 1;                             // of one tool, see ToolRetries
  std::chrono::milliseconds timeout{300'000};  // of a call; 0: none
  std::size_t result_max_bytes = 1024 * 1024;  // longer results are cut; 0: never
};

// Cuts what is longer than `most` bytes (0: nothing), between two characters.
void cut(tools::ToolResult& result, std::size_t most);

// Calls the tool with `context`, whose deadline it brings forward to its own limit of time. A tool that takes longer
// hears of it through its stop token, is waited for, and what it says after that is not listened to; a result that is
// too long is cut, with a mark that says so. An exception of the toolset is an Error.
Result<tools::ToolResult> call_within_limits(const ToolLimits& limits, Alarms& alarms, tools::Toolset& toolset,
                                             const events::ToolCall& call, tools::CallContext context,
                                             const std::stop_token& stop);

}  // namespace pais::agent
