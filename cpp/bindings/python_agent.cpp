#include "bindings/python_agent.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

namespace pais::bindings {
namespace {

using std::chrono::steady_clock;

// How long a stopped run is given to say how it ended.
constexpr auto kFarewell = std::chrono::seconds(2);

// Who keeps our deadline by himself may give up a little before it.
constexpr auto kEarly = std::chrono::milliseconds(10);

constexpr std::size_t kMostRecorded = 100'000;

// Model calls at a time; each has a thread.
constexpr std::size_t kMostCalls = 1024;

events::TurnEnded ended(Code code, std::string cause) {
  return {.text = {}, .usage = {}, .error = Error{.code = code, .cause = std::move(cause)}};
}

events::TurnEnded no_loop() {
  return ended(Code::draining, "the agent's loop has ended");
}

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

// True when the turn is over with this. One that was cut short ended for the reason it was cut; one that failed has
// what had been said so far.
bool close_off(events::Happening& what, std::optional<Code> cut, std::string& said) {
  if (const auto* delta = std::get_if<events::TextDelta>(&what)) said += delta->text;
  auto* end = std::get_if<events::TurnEnded>(&what);
  if (end == nullptr) return false;
  if (cut && end->error) end->error->code = *cut;
  if (end->error) end->text = std::move(said);
  return true;
}

bool has_failed(const std::deque<events::Happening>& told) {
  return std::ranges::any_of(told, [](const events::Happening& what) {
    const auto* end = std::get_if<events::TurnEnded>(&what);
    return end != nullptr && end->error;
  });
}

events::BudgetExceeded over_time(const agent::Budget& budget) {
  const double limit = std::chrono::duration<double>(budget.wall_clock).count();
  return {.kind = events::BudgetExceeded::Kind::wall_clock, .limit = limit, .actual = limit};
}

}  // namespace

struct PythonAgent::Run {
  // What has been told since the last time, once there is something; nothing when the stop or the moment came first.
  std::deque<events::Happening> news(const std::stop_token& stop, std::optional<steady_clock::time_point> until) {
    std::unique_lock lock(mutex);
    const auto something = [&] { return !told.empty(); };
    if (until) {
      changed.wait_until(lock, stop, *until, something);
    } else {
      changed.wait(lock, stop, something);
    }
    return std::exchange(told, {});
  }

  void tell(events::Happening what) {
    note(std::move(what));
    changed.notify_one();
  }

  void note(events::Happening what) {
    const std::scoped_lock lock(mutex);
    told.push_back(std::move(what));
  }

  // Counts what an answer cost; the limit that the run is over with it.
  std::optional<events::BudgetExceeded> spend(const model::Answer& answer, const std::vector<std::string>& outputs) {
    using Kind = events::BudgetExceeded::Kind;
    const auto is_tool = [&](const events::ToolCall& call) { return std::ranges::count(outputs, call.tool) == 0; };
    const std::scoped_lock lock(mutex);
    tokens += answer.usage.total();
    tool_calls += std::ranges::count_if(answer.calls, is_tool);
    const auto over = [](Kind kind, std::int64_t limit, std::int64_t actual) {
      return events::BudgetExceeded{
          .kind = kind, .limit = static_cast<double>(limit), .actual = static_cast<double>(actual)};
    };
    if (budget.tokens != 0 && tokens > budget.tokens) return over(Kind::tokens, budget.tokens, tokens);
    if (budget.tool_calls == 0 || tool_calls <= budget.tool_calls) return std::nullopt;
    return over(Kind::tool_calls, budget.tool_calls, tool_calls);
  }

  // What is left of the budget for those the run delegates to. The last of it is never nothing, which would be none.
  tools::Allowance left() {
    const std::scoped_lock lock(mutex);
    tools::Allowance left;
    if (budget.steps > 0) left.steps = std::max<std::int64_t>(budget.steps - model_calls, 1);
    if (budget.tokens > 0) left.tokens = std::max<std::int64_t>(budget.tokens - tokens - delegated_tokens, 1);
    return left;
  }

  bool is_traced() const {
    const auto place = propagation ? propagation->inside("") : std::nullopt;
    return place && place->sampled();
  }

  // Set before anybody else knows of the run.
  std::unique_ptr<model::Model> model;  // null: the agent's own
  model::Sampling sampling;
  std::shared_ptr<const telemetry::Propagation> propagation;
  agent::Budget budget;
  std::optional<steady_clock::time_point> deadline;
  std::shared_ptr<const ToolRun> tools;

  std::mutex mutex;
  std::condition_variable_any changed;
  std::deque<events::Happening> told;  // guarded by the mutex
  int model_calls = 0;                 // guarded by the mutex, as all below
  std::int64_t tokens = 0;
  std::int64_t tool_calls = 0;
  std::int64_t delegated_tokens = 0;
};

struct PythonAgent::Call {
  CallNumber number = 0;
  RunNumber run_number = 0;
  std::shared_ptr<Run> run;
  std::shared_ptr<model::Request> request;  // shared with what is told of it
  std::vector<std::string> output_tools;
  int step = 0;
  std::stop_source stop;
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

PythonAgent::PythonAgent() : askers_(kMostCalls) {}

PythonAgent::~PythonAgent() {
  close();
}

void PythonAgent::use_model(std::shared_ptr<model::ModelSource> source) {
  const std::scoped_lock lock(mutex_);
  source_ = std::move(source);
}

void PythonAgent::use_tools(std::shared_ptr<ToolCalls> tools) {
  tools_ = std::move(tools);
}

std::vector<tools::Tool> PythonAgent::own_tools() const {
  const std::scoped_lock lock(mutex_);
  return own_tools_;
}

void PythonAgent::set_own_tools(std::vector<tools::Tool> tools) {
  const std::scoped_lock lock(mutex_);
  own_tools_ = std::move(tools);
}

std::size_t PythonAgent::runs() const {
  const std::scoped_lock lock(mutex_);
  return runs_.size();
}

void PythonAgent::record() {
  recording_ = true;
}

std::vector<PythonAgent::Recorded> PythonAgent::recorded() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(recorded_, {});
}

void PythonAgent::emit(events::RunSink& sink, events::Happening what) {
  if (recording_) {
    const std::scoped_lock lock(mutex_);
    if (recorded_.size() == kMostRecorded) recorded_.erase(recorded_.begin(), recorded_.begin() + kMostRecorded / 2);
    recorded_.push_back({.run_id = sink.identity().run_id, .session_id = sink.identity().session_id, .what = what});
  }
  sink.emit(std::move(what));
}

// ------------------------------------------------------------------------------------------- a run

void PythonAgent::run(const agent::RunRequest& request, events::RunSink& sink, std::stop_token stop) {
  emit(sink, events::TurnStarted{.prompt = request.prompt, .delegated = request.delegated});
  RunNumber number = 0;
  const auto run = begin(request, sink.identity(), number);
  if (!mailbox_.leave(RunBegins{.run = number, .session_id = sink.identity().session_id, .request = request})) {
    tell(number, no_loop());
  }

  std::optional<Code> cut;  // why we have stopped the run, once we have
  auto until = run->deadline;
  std::string said;
  for (bool over = false; !over;) {
    auto told = run->news(cut ? std::stop_token() : stop, until);
    if (!cut && until && has_failed(told) && steady_clock::now() + kEarly >= *until) {
      cut = Code::run_timeout;
      emit(sink, over_time(request.budget));
    }
    if (cut && told.empty()) told.emplace_back(ended(*cut, "the agent's loop does not answer"));
    for (events::Happening& what : told) {
      over = close_off(what, cut, said);
      emit(sink, std::move(what));
      if (over) break;  // a call that was called off may tell of its end behind the turn's
    }
    if (over || cut) continue;
    if (stop.stop_requested()) {
      cut = Code::cancelled;
    } else if (until && steady_clock::now() >= *until) {
      cut = Code::run_timeout;
      emit(sink, over_time(request.budget));
    }
    if (!cut) continue;
    until = steady_clock::now() + kFarewell;
    mailbox_.leave(RunIsCancelled{.run = number});
  }
  end(number);
}

std::shared_ptr<PythonAgent::Run> PythonAgent::begin(const agent::RunRequest& request,
                                                     const events::RunIdentity& identity, RunNumber& number) {
  auto run = std::make_shared<Run>();
  run->sampling = request.sampling;
  run->propagation = request.propagation;
  run->budget = request.budget;
  if (request.budget.wall_clock.count() > 0) run->deadline = steady_clock::now() + request.budget.wall_clock;
  const std::scoped_lock lock(mutex_);
  if (source_) run->model = source_->for_run();
  number = ++last_;
  if (tools_ && tools_->any()) run->tools = tools_of(run, request, identity, number);
  runs_.emplace(number, run);
  return run;
}

// A call that outlives its run finds nobody to tell.
std::shared_ptr<const ToolRun> PythonAgent::tools_of(const std::shared_ptr<Run>& run, const agent::RunRequest& request,
                                                     const events::RunIdentity& identity, RunNumber number) {
  const std::weak_ptr<Run> weak = run;
  return std::make_shared<const ToolRun>(ToolRun{.number = number,
                                                 .identity = identity,
                                                 .history = request.history,
                                                 .prompt = request.prompt,
                                                 .deadline = run->deadline,
                                                 .propagation = request.propagation,
                                                 .lineage = request.lineage,
                                                 .stream = request.stream,
                                                 .left =
                                                     [weak] {
                                                       const auto self = weak.lock();
                                                       return self ? self->left() : tools::Allowance();
                                                     },
                                                 .spent =
                                                     [weak](const events::Usage& usage) {
                                                       const auto self = weak.lock();
                                                       if (!self) return;
                                                       const std::scoped_lock lock(self->mutex);
                                                       self->delegated_tokens += usage.total();
                                                     },
                                                 .tell =
                                                     [weak](events::Happening what) {
                                                       if (const auto self = weak.lock()) self->tell(std::move(what));
                                                     }});
}

// What the run still asks its model is of no use to anybody.
void PythonAgent::end(RunNumber number) {
  std::vector<std::shared_ptr<Call>> left;
  {
    const std::scoped_lock lock(mutex_);
    runs_.erase(number);
    for (const auto& [call_number, call] : calls_) {
      if (call->run_number == number) left.push_back(call);
    }
  }
  for (const auto& call : left) call->stop.request_stop();
  if (tools_) tools_->end(number);
}

std::shared_ptr<PythonAgent::Run> PythonAgent::find(RunNumber number) const {
  const std::scoped_lock lock(mutex_);
  const auto found = runs_.find(number);
  return found == runs_.end() ? nullptr : found->second;
}

void PythonAgent::tell(RunNumber number, events::Happening what) {
  if (const auto run = find(number)) run->tell(std::move(what));
}

void PythonAgent::note(RunNumber number, events::Happening what) {
  if (const auto run = find(number)) run->note(std::move(what));
}

void PythonAgent::close() {
  mailbox_.close();
  std::vector<RunNumber> left;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [number, run] : runs_) left.push_back(number);
    for (const auto& [number, call] : calls_) call->stop.request_stop();
  }
  if (tools_) tools_->close();
  for (const RunNumber number : left) tell(number, no_loop());
}

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
  {
    const std::scoped_lock lock(mutex_);
    calls_.emplace(call->number, call);
  }
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
  std::shared_ptr<Call> call;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = calls_.find(number);
    if (found == calls_.end()) return;
    call = found->second;
  }
  call->stop.request_stop();
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
                                                  .tools = call->request->tools,
                                                  .kept = call->request});
  ToMailbox deltas(mailbox_, *call);
  auto answer = call->run->model->respond(*call->request, deltas, call->stop.get_token());
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
  {
    const std::scoped_lock lock(mutex_);
    calls_.erase(call->number);
  }
  mailbox_.leave(ModelAnswers{.call = call->number, .answer = std::move(answer)});
}

}  // namespace pais::bindings
