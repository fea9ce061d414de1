#include "tools/mcp/counts.h"

#include <string_view>

namespace pais::tools::mcp {
namespace {

using telemetry::Metric;

constexpr std::array<std::string_view, kCallOutcomes> kNames = {"answered",  "tool_error", "refused",  "unreachable",
                                                                "timed_out", "broken",     "cancelled"};

}  // namespace

ServerCounts::ServerCounts(telemetry::Metrics& metrics, const std::string& server)
    : duration_(&metrics.histogram({.name = "pais.mcp.call.duration",
                                    .kind = Metric::Kind::histogram,
                                    .unit = "s",
                                    .help = "How long calls of MCP tools took"},
                                   {{"server", server}})),
      sessions_(&metrics.counter({.name = "pais.mcp.sessions",
                                  .kind = Metric::Kind::counter,
                                  .unit = "{session}",
                                  .help = "Sessions opened with MCP servers"},
                                 {{"server", server}})),
      progress_(&metrics.counter({.name = "pais.mcp.progress",
                                  .kind = Metric::Kind::counter,
                                  .unit = "{notification}",
                                  .help = "Progress that MCP tools told of"},
                                 {{"server", server}})) {
  for (std::size_t i = 0; i < kCallOutcomes; ++i) {
    calls_[i] = &metrics.counter({.name = "pais.mcp.calls",
                                  .kind = Metric::Kind::counter,
                                  .unit = "{call}",
                                  .help = "Calls of MCP tools, by how they ended"},
                                 {{"server", server}, {"outcome", std::string(kNames[i])}});
  }
}

void ServerCounts::count_call(CallOutcome outcome, std::chrono::steady_clock::duration took) {
  calls_[static_cast<std::size_t>(outcome)]->add();
  duration_->record(std::chrono::duration<double>(took).count());
}

}  // namespace pais::tools::mcp
