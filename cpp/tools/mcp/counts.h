// What is counted about one MCP server.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <string>

#include "telemetry/metrics.h"

namespace pais::tools::mcp {

// How a call ended.
enum class CallOutcome {
  answered,
  tool_error,   // the tool says that it failed
  refused,      // the server does not know the tool, or does not like the arguments
  unreachable,  // the server has not received it
  timed_out,
  broken,  // the answer broke off, was too large, or could not be understood
  cancelled,
};
inline constexpr std::size_t kCallOutcomes = 7;

// From any thread.
class ServerCounts {
 public:
  ServerCounts(telemetry::Metrics& metrics, const std::string& server);

  void count_call(CallOutcome outcome, std::chrono::steady_clock::duration took);
  void count_session() { sessions_->add(); }
  void count_progress() { progress_->add(); }

 private:
  std::array<telemetry::Counter*, kCallOutcomes> calls_{};
  telemetry::Histogram* duration_;
  telemetry::Counter* sessions_;
  telemetry::Counter* progress_;
};

}  // namespace pais::tools::mcp
