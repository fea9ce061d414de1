// An Agent runs turns. The native loop is one; a pydantic-ai agent in Python is the other.
//
// One Agent serves all runs, from any thread; a run blocks its thread until the turn is over. Nothing here throws.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "events/run.h"
#include "model/model.h"
#include "telemetry/propagation.h"
#include "tools/toolset.h"

namespace pais::agent {

// Limits of one run; 0 means none. Crossing one ends the turn with BudgetExceeded and its error.
struct Budget {
  std::chrono::milliseconds wall_clock{0};
  std::int64_t tokens = 0;
  std::int64_t tool_calls = 0;
  std::int64_t steps = 0;  // model requests, beside the agent's own limit of them
};

struct RunRequest {
  std::string prompt;
  std::vector<std::string> images = {};  // URLs of the prompt's image parts
  bool delegated = false;
  std::vector<events::Utterance> history = {};
  std::string extra_instructions = {};  // the client's own system texts, where they are allowed
  model::Sampling sampling = {};
  bool stream = false;
  Budget budget = {};
  std::shared_ptr<const telemetry::Propagation> propagation = {};  // null: nobody follows this run
  tools::Lineage lineage = {};
};

class Agent {
 public:
  virtual ~Agent() = default;

  // Emits TurnStarted first and TurnEnded last, whatever happens between.
  virtual void run(const RunRequest& request, events::RunSink& sink, std::stop_token stop) = 0;

  // The tools of its own, for the card: not those of the host's toolsets.
  virtual std::vector<tools::Tool> own_tools() const { return {}; }
};

}  // namespace pais::agent
