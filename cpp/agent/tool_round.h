// The calls of one answer: checked, run side by side, and turned into what the model reads next.
//
// Calls that cannot be run (no such tool, arguments that do not fit) are answered at once, before any other starts.
// A call ends when its tool has answered, its time is over, or the turn is stopped; the tool hears of the latter two
// through its stop token and is waited for, as the promise of tools::Toolset allows. What it says after its time is
// not listened to. One thread uses a ToolRound; the tools see others.
#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/agent.h"
#include "agent/alarms.h"
#include "agent/call_threads.h"
#include "agent/limited_call.h"
#include "agent/linked_stop.h"
#include "agent/tool_catalog.h"
#include "agent/tool_retries.h"
#include "base/result.h"
#include "events/run.h"

namespace pais::agent {

class ToolRound {
 public:
  // What the rounds of a run share; all of it outlives them.
  struct Run {
    const ToolLimits& limits;
    const ToolCatalog& catalog;
    const RunRequest& request;
    std::optional<std::chrono::steady_clock::time_point> deadline;
    events::RunSink& sink;
    CallThreads& threads;
    Alarms& alarms;
    ToolRetries& retries;
    const tools::Allowance& left;  // as it is when a round begins
  };

  ToolRound(const Run& run, std::span<const events::ToolCall> calls, std::stop_token stop);

  // One message a call, in the order of the calls. An Error ends the turn: a tool's own, or `tool_retries_exceeded`.
  Result<std::vector<model::Message>> run();

  // What others have consumed on behalf of these calls.
  events::Usage spent() const;

 private:
  struct Call {
    events::ToolCall wish;
    const ToolCatalog::Entry* entry = nullptr;
    std::optional<tools::ToolResult> result;
  };

  Result<void> refuse_unfit_calls();
  void refuse(Call& call, std::string complaint);

  void perform(Call& call) noexcept;
  Result<tools::ToolResult> ask(const Call& call);
  void fail(const Error& error);

  Result<void> count_retries();
  std::vector<model::Message> messages() const;

  const Run& run_;
  std::vector<Call> calls_;
  LinkedStop stop_;
  std::mutex mutex_;
  std::optional<Error> failure_;  // the first, guarded by mutex_
};

}  // namespace pais::agent
