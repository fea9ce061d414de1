// The agent that is only declared: instructions, a model and tools. Its loop runs here, without Python.
//
// One turn is: the instructions, the history and the prompt go to the model; all tools that its answer asks for are
// called side by side; the results go to the model in the order of the calls; and again, until an answer asks for
// none. Earlier it ends by the step limit, the budget of the run, the retries of a tool, a failure, or the stop.
//
// A stop and the time limits reach the model and the tools through their stop tokens, and the turn ends when these have
// returned: a Model or Toolset that ignored its token would hold up its own run, never another.
//
// In BudgetExceeded the wall clock is told in seconds.
#pragma once

#include <cstddef>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/agent.h"
#include "agent/alarms.h"
#include "agent/call_threads.h"
#include "agent/tool_catalog.h"
#include "agent/tool_round.h"
#include "model/model.h"
#include "tools/toolset.h"

namespace pais::agent {

struct NativeOptions {
  std::string instructions;  // first in every request; empty: none
  int max_steps = 5;         // model requests of a turn, the final answer included
  ToolLimits tools = {};
  bool stream_intermediate = true;  // false: text is held back until it is known to be the final answer
  std::size_t tool_threads = 64;    // beside the runs' own threads; for answers with several calls
};

class NativeAgent final : public Agent {
 public:
  NativeAgent(NativeOptions options, std::shared_ptr<model::ModelSource> models, Toolsets toolsets);

  void run(const RunRequest& request, events::RunSink& sink, std::stop_token stop) override;

 private:
  const NativeOptions options_;
  const std::shared_ptr<model::ModelSource> models_;
  ToolShelf shelf_;
  Alarms alarms_;
  CallThreads threads_;
};

}  // namespace pais::agent
