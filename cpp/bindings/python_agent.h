// The agent that lives in Python, as the host sees it; and the host's model, as that agent sees it.
//
// A run blocks its worker's thread as every agent's does: it leaves a message for Python's loop and waits for what the
// loop says of it. What Python says is a call that appends to a queue and returns; it never waits, so it may hold the
// GIL. A call to the model is made on a thread of ours, and its answer is a message again. Nothing here knows of
// Python's own types.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/agent.h"
#include "base/workers.h"
#include "bindings/mailbox.h"
#include "model/model.h"

namespace pais::bindings {

// Always held by a shared pointer: a call to the model that does not end keeps it alive.
class PythonAgent final : public agent::Agent, public std::enable_shared_from_this<PythonAgent> {
 public:
  PythonAgent();
  ~PythonAgent() override;
  PythonAgent(const PythonAgent&) = delete;
  PythonAgent& operator=(const PythonAgent&) = delete;

  // The model of the runs that begin from now on; null: the agent brings its own.
  void use_model(std::shared_ptr<model::ModelSource> source);

  // A worker's thread. Returns when the loop has said how the turn ended; after a stop it waits a little for that, and
  // then ends the turn without it: user code may be blocking the loop.
  void run(const agent::RunRequest& request, events::RunSink& sink, std::stop_token stop) override;

  std::vector<tools::Tool> own_tools() const override;
  void set_own_tools(std::vector<tools::Tool> tools);

  // --- The loop's thread ---

  Mailbox& mailbox() { return mailbox_; }

  // What happened in a run. Of a run that is over it is dropped.
  void tell(RunNumber run, events::Happening what);

  CallNumber next_call();
  // Asks the run's model; what is said of sampling in the client's request goes before the agent's own. The answer is
  // a message, cancelled when the run is over. Calling one of `output_tools` is how the agent answers: it is no call.
  void ask(RunNumber run, CallNumber call, model::Request request, std::vector<std::string> output_tools);
  // Nobody waits for this answer any more.
  void drop(CallNumber call);

  // No loop takes messages any more: every run ends, and so does each that still comes.
  void close();

  std::size_t runs() const;

  // For tests of agents: what happened in the runs, as their listeners heard it, the last of it when it is too much.
  struct Recorded {
    std::string run_id;
    std::string session_id;
    events::Happening what;
  };
  void record();
  std::vector<Recorded> recorded();

 private:
  struct Run;
  struct Call;
  class ToMailbox;

  std::shared_ptr<Run> begin(const agent::RunRequest& request, RunNumber& number);
  void end(RunNumber number);
  std::shared_ptr<Run> find(RunNumber number) const;
  void answer(const std::shared_ptr<Call>& call);
  void emit(events::RunSink& sink, events::Happening what);

  Mailbox mailbox_;
  mutable std::mutex mutex_;  // guards all below
  std::shared_ptr<model::ModelSource> source_;
  std::vector<tools::Tool> own_tools_;
  std::atomic<bool> recording_{false};
  std::vector<Recorded> recorded_;
  RunNumber last_ = 0;
  std::unordered_map<RunNumber, std::shared_ptr<Run>> runs_;
  std::unordered_map<CallNumber, std::shared_ptr<Call>> calls_;

  Workers askers_;  // the last member: ends first
};

}  // namespace pais::bindings
