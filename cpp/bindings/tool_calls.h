// The host's tools, as an agent in Python calls them: each call on a thread of ours, its end a message to the loop.
//
// What a call tells of itself (its end, a delegation in it) goes to the run like everything the loop tells, so that all
// of it is in one order. From any thread; nothing here knows of Python's own types.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/agent.h"
#include "agent/alarms.h"
#include "agent/limited_call.h"
#include "agent/tool_catalog.h"
#include "base/workers.h"
#include "bindings/call_stops.h"
#include "bindings/mailbox.h"
#include "events/run.h"

namespace pais::bindings {

// What the calls of one run share.
struct ToolRun {
  RunNumber number = 0;
  events::RunIdentity identity = {};
  std::vector<events::Utterance> history = {};
  std::string prompt = {};
  std::optional<std::chrono::steady_clock::time_point> deadline = {};
  std::shared_ptr<const telemetry::Propagation> propagation = {};
  tools::Lineage lineage = {};
  bool stream = false;

  std::function<tools::Allowance()> left;           // asked when a call begins
  std::function<void(const events::Usage&)> spent;  // by others, on behalf of a call
  std::function<void(events::Happening)> tell;
};

// Held by a shared pointer: a call that does not end keeps it alive.
class ToolCalls : public std::enable_shared_from_this<ToolCalls> {
 public:
  ToolCalls(agent::Toolsets toolsets, agent::ToolLimits limits);

  // The tools of this moment; the same object as long as none has changed.
  std::shared_ptr<const agent::ToolCatalog> catalog() { return shelf_.catalog(); }
  const agent::ToolLimits& limits() const { return limits_; }
  bool any() const { return any_; }

  // Begins a call; what came of it is given to `answer`, on the call's thread.
  using Answer = std::function<void(Result<tools::ToolResult>)>;
  void begin(const std::shared_ptr<const ToolRun>& run, CallNumber number, events::ToolCall wish, Answer answer);

  // Nobody waits for this call any more; for any of this run; for any at all.
  void drop(CallNumber number) { stops_.stop(number); }
  void end(RunNumber run) { stops_.stop_run(run); }
  void close() { stops_.stop_all(); }

 private:
  struct Call;

  void perform(const std::shared_ptr<Call>& call);
  Result<tools::ToolResult> result_of(const Call& call);

  const bool any_;
  const agent::ToolLimits limits_;
  agent::ToolShelf shelf_;
  agent::Alarms alarms_;
  CallStops stops_;
  Workers hands_;  // the last member: ends first
};

}  // namespace pais::bindings
