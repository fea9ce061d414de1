// The agent that lives in Python, as the host sees it; and the host's model, as that agent sees it.
//
// A run blocks its worker's thread as every agent's does: it leaves a message for Python's loop and waits for what the
// loop says of it. What Python says is a call that appends to a queue and returns; it never waits, so it may hold the
// GIL. A call to the model is made on a thread of ours, and its answer is a message again. Nothing here knows of
// Python's own types.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "agent/agent.h"
#include "base/workers.h"
#include "bindings/call_stops.h"
#include "bindings/mailbox.h"
#include "bindings/tool_calls.h"
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

  // The host's tools; before the first run.
  void use_tools(std::shared_ptr<ToolCalls> tools);

  // A worker's thread. Returns when the loop has said how the turn ended; after a stop it waits a little for that, and
  // then ends the turn without it: user code may be blocking the loop.
  void run(const agent::RunRequest& request, events::RunSink& sink, std::stop_token stop) override;

  std::vector<tools::Tool> own_tools() const override;
  void set_own_tools(std::vector<tools::Tool> tools);

  // --- The loop's thread ---

  Mailbox& mailbox() { return mailbox_; }

  // What happened in a run. Of a run that is over it is dropped.
  void tell(RunNumber run, events::Happening what);
  // The same of what is followed at once by something told: the run's thread is woken once for both.
  void note(RunNumber run, events::Happening what);

  CallNumber next_call();
  // Asks the run's model; what is said of sampling in the client's request goes before the agent's own. The answer is
  // a message, cancelled when the run is over. Calling one of `output_tools` is how the agent answers: it is no call.
  // `span` is which span that request shall be, where its place in the trace is known already.
  struct SpanPlace {
    telemetry::SpanId id{};
    telemetry::SpanId parent{};
  };
  void ask(RunNumber run, CallNumber call, model::Request request, std::vector<std::string> output_tools,
           const std::optional<SpanPlace>& span = std::nullopt);
  // Calls one of the host's tools; what came of it is a message, cancelled when the run is over.
  void call_tool(RunNumber run, CallNumber call, events::ToolCall wish);
  // Where code in the run, or in that tool call of it, is in the run's trace; nothing where nobody follows it. And when
  // such a call begins and ends, for that is told later. From any thread.
  std::optional<telemetry::TraceContext> inside(RunNumber run, std::string_view call_id) const;
  void entered(RunNumber run, std::string_view call_id) const;
  void left(RunNumber run, std::string_view call_id) const;

  // Nobody waits for this answer any more.
  void drop(CallNumber call);

  const std::shared_ptr<ToolCalls>& tools() const { return tools_; }

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
  struct Told;
  struct Run;
  struct Call;
  class ToMailbox;

  std::shared_ptr<Run> begin(const agent::RunRequest& request, const events::RunIdentity& identity, RunNumber& number);
  static std::shared_ptr<const ToolRun> tools_of(const std::shared_ptr<Run>& run, const agent::RunRequest& request,
                                                 const events::RunIdentity& identity, RunNumber number);
  void end(RunNumber number);
  std::shared_ptr<Run> find(RunNumber number) const;
  void answer(const std::shared_ptr<Call>& call);
  static void keep(events::ModelCallEnded& ended, const model::Answer& answer);
  void emit(events::RunSink& sink, events::Happening what, const events::When& when = {});

  std::shared_ptr<ToolCalls> tools_;  // set before the first run
  Mailbox mailbox_;
  mutable std::mutex mutex_;  // guards all below
  std::shared_ptr<model::ModelSource> source_;
  std::vector<tools::Tool> own_tools_;
  std::atomic<bool> recording_{false};
  std::vector<Recorded> recorded_;
  RunNumber last_ = 0;
  std::unordered_map<RunNumber, std::shared_ptr<Run>> runs_;

  CallStops stops_;  // of calls to the model
  Workers askers_;   // the last member: ends first
};

}  // namespace pais::bindings
