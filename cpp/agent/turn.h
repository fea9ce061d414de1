// One run of the native loop: asks the model, has its tools called, tells it what came of them, until it answers.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <vector>

#include "agent/agent.h"
#include "agent/alarms.h"
#include "agent/linked_stop.h"
#include "agent/native_agent.h"
#include "agent/speech.h"
#include "agent/tool_retries.h"
#include "agent/tool_round.h"
#include "base/result.h"
#include "events/run.h"
#include "model/model.h"

namespace pais::agent {

class Turn {
 public:
  // What the agent lends to the turn; all of it outlives it.
  struct Means {
    const NativeOptions& options;
    model::Model& model;
    const ToolCatalog& catalog;
    CallThreads& threads;
    Alarms& alarms;
  };

  Turn(const Means& means, const RunRequest& request, events::RunSink& sink, std::stop_token stop);

  void run();

 private:
  Result<model::Answer> ask_until_answered();
  Result<model::Answer> ask(int step);
  Result<model::Answer> respond();
  Result<void> call_tools(const model::Answer& answer);

  // Refuses when the client has gone, or when the time of the run is over or will be so `early`.
  Result<void> go_on(std::chrono::milliseconds early = {});
  void count_what_is_left(int step, const std::vector<events::ToolCall>& calls);
  Result<void> count_tokens();
  std::int64_t tokens_spent() const;  // by us, and by others on our behalf
  Result<void> count_tool_calls(std::size_t more);
  Error give_up(Code code, events::BudgetExceeded::Kind kind, double limit, double actual);

  void announce(const std::vector<events::ToolCall>& calls);
  void report(int step, const Result<model::Answer>& answer);
  void end(const Result<model::Answer>& answer);

  const Means means_;
  const RunRequest& request_;
  events::RunSink& sink_;
  const std::stop_token client_;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  const std::optional<std::chrono::steady_clock::time_point> deadline_;

  LinkedStop stop_;
  const Alarms::Alarm at_deadline_;
  Speech speech_;
  model::Request to_model_;
  ToolRetries retries_;
  tools::Allowance left_;
  const ToolRound::Run rounds_;

  events::Usage usage_;
  events::Usage delegated_;  // what other agents have used on our behalf
  std::int64_t tool_calls_ = 0;
  int tool_steps_ = 0;
  std::optional<events::BudgetExceeded> exceeded_;
};

}  // namespace pais::agent
