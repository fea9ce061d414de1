// What a run of Python asks of the host: its model, its tools, its place in the trace.
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "bindings/python_agent.h"
#include "bindings/python_run.h"

namespace pais::bindings {
namespace {

// What the client asked for goes before what the agent is set to.
void overlay(model::Sampling& base, const model::Sampling& wish) {
  const auto take = [](auto& mine, const auto& theirs) {
    if (theirs) mine = theirs;
  };
  if (wish.max_completion_tokens || wish.max_tokens) {  // two names of one thing
    base.max_tokens.reset();
    base.max_completion_tokens.reset();
  }
  take(base.temperature, wish.temperature);
  take(base.top_p, wish.top_p);
  take(base.presence_penalty, wish.presence_penalty);
  take(base.frequency_penalty, wish.frequency_penalty);
  take(base.max_tokens, wish.max_tokens);
  take(base.max_completion_tokens, wish.max_completion_tokens);
  take(base.seed, wish.seed);
  if (!wish.stop.empty()) base.stop = wish.stop;
}

}  // namespace

struct PythonAgent::Call {
  CallNumber number = 0;
  RunNumber run_number = 0;
  std::shared_ptr<Run> run;
  std::shared_ptr<model::Request> request;  // shared with what is told of it
  std::vector<std::string> output_tools;
  int step = 0;
  std::stop_token stop;
};

// Passes a streamed answer on.
class PythonAgent::ToMailbox : public model::Deltas {
 public:
  ToMailbox(Mailbox& mailbox, const Call& call) : mailbox_(mailbox), call_(call) {}
  void text(std::string_view piece) override { say(piece, false); }
  void thinking(std::string_view piece) override { say(piece, true); }

 private:
  void say(std::string_view piece, bool thinking) {
    if (!call_.request->stream || call_.stop.stop_requested()) return;
    mailbox_.leave(ModelSays{.call = call_.number, .piece = std::string(piece), .thinking = thinking});
  }

  Mailbox& mailbox_;
  const Call& call_;
};

// ------------------------------------------------------------------------------------------- a call to the model

CallNumber PythonAgent::next_call() {
  const std::scoped_lock lock(mutex_);
  return ++last_;
}

void PythonAgent::ask(RunNumber number, CallNumber call_number, model::Request request,
                      std::vector<std::string> output_tools, const std::optional<SpanPlace>& span) {
  const auto call = std::make_shared<Call>();
  call->number = call_number;
  call->run_number = number;
  call->run = find(number);
  call->request = std::make_shared<model::Request>(std::move(request));
  call->output_tools = std::move(output_tools);
  if (!call->run || !call->run->model) {
    mailbox_.leave(ModelAnswers{.call = call->number,
                                .answer = Error{.code = Code::cancelled, .cause = "the run has no model, or is over"}});
    return;
  }
  call->stop = stops_.add(call_number, number);
  overlay(call->request->sampling, call->run->sampling);
  call->request->deadline = call->run->deadline;
  {
    const std::scoped_lock lock(call->run->mutex);
    call->step = ++call->run->model_calls;
  }
  if (const auto& propagation = call->run->propagation) {
    if (span) propagation->reserve_model_call(call->step, span->id, span->parent);
    call->request->trace = propagation->model_headers(call->step);
  }
  askers_.submit([self = shared_from_this(), call] { self->answer(call); });
}

// ------------------------------------------------------------------------------------------- the run's trace

std::optional<telemetry::TraceContext> PythonAgent::inside(RunNumber number, std::string_view call_id) const {
  const auto run = find(number);
  return run && run->propagation ? run->propagation->inside(call_id) : std::nullopt;
}

void PythonAgent::entered(RunNumber number, std::string_view call_id) const {
  const auto run = find(number);
  if (run && run->propagation) run->propagation->entered(call_id);
}

void PythonAgent::left(RunNumber number, std::string_view call_id) const {
  const auto run = find(number);
  if (run && run->propagation) run->propagation->left(call_id);
}

// ------------------------------------------------------------------------------------------- a call of a tool

void PythonAgent::call_tool(RunNumber number, CallNumber call, events::ToolCall wish) {
  auto answer = [self = shared_from_this(), call](Result<tools::ToolResult> result) {
    self->mailbox_.leave(ToolAnswers{.call = call, .result = std::move(result)});
  };
  const auto run = find(number);
  if (run && run->tools) return tools_->begin(run->tools, call, std::move(wish), std::move(answer));
  answer(Error{.code = Code::cancelled, .cause = "the run has no tools, or is over"});
}

void PythonAgent::drop(CallNumber number) {
  if (tools_) tools_->drop(number);
  stops_.stop(number);
}

// Told later than it is, and by then the answer has gone to the loop.
void PythonAgent::keep(events::ModelCallEnded& ended, const model::Answer& answer) {
  const auto kept = std::make_shared<const model::Answer>(answer);
  ended.text = kept->text;
  ended.calls = kept->calls;
  ended.kept = kept;
}

// On a thread of `askers_`.
void PythonAgent::answer(const std::shared_ptr<Call>& call) {
  // Told here, not by the loop: waking a thread takes time, and the loop's is the scarcest.
  tell(call->run_number, events::ModelCallStarted{.step = call->step,
                                                  .model = call->run->model->name(),
                                                  .provider = call->run->model->provider(),
                                                  .streaming = call->request->stream,
                                                  .server = call->run->model->server(),
                                                  .messages = call->request->messages,
                                                  .tools = call->request->tools.all(),
                                                  .kept = call->request});
  ToMailbox deltas(mailbox_, *call);
  auto answer = call->run->model->respond(*call->request, deltas, call->stop);
  events::ModelCallEnded ended;
  ended.step = call->step;
  ended.model = call->run->model->name();
  if (answer) {
    ended.model = answer->model;
    ended.usage = answer->usage;
    ended.finish = answer->finish;
    ended.first_token = answer->first_token;
    ended.id = answer->id;
    if (call->run->is_traced()) keep(ended, *answer);
  } else {
    ended.error = answer.error();
  }
  tell(call->run_number, std::move(ended));
  if (answer) {
    if (auto over = call->run->spend(*answer, call->output_tools)) {
      tell(call->run_number, *over);
      answer = Error{.code = Code::budget_exceeded, .cause = "the turn is over its limit"};
    }
  }
  stops_.remove(call->number);
  mailbox_.leave(ModelAnswers{.call = call->number, .answer = std::move(answer)});
}

}  // namespace pais::bindings
