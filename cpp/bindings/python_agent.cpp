#include "bindings/python_agent.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

#include "bindings/python_run.h"

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

bool is_failure(const events::Happening& what) {
  const auto* end = std::get_if<events::TurnEnded>(&what);
  return end != nullptr && end->error;
}

events::BudgetExceeded over_time(const agent::Budget& budget) {
  const double limit = std::chrono::duration<double>(budget.wall_clock).count();
  return {.kind = events::BudgetExceeded::Kind::wall_clock, .limit = limit, .actual = limit};
}

}  // namespace

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

void PythonAgent::emit(events::RunSink& sink, events::Happening what, const events::When& when) {
  if (recording_) {
    const std::scoped_lock lock(mutex_);
    if (recorded_.size() == kMostRecorded) recorded_.erase(recorded_.begin(), recorded_.begin() + kMostRecorded / 2);
    recorded_.push_back({.run_id = sink.identity().run_id, .session_id = sink.identity().session_id, .what = what});
  }
  sink.emit(std::move(what), when);
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
    if (!cut && until && std::ranges::any_of(told, is_failure, &Told::what) && steady_clock::now() + kEarly >= *until) {
      cut = Code::run_timeout;
      emit(sink, over_time(request.budget));
    }
    if (cut && told.empty()) told.push_back({.what = ended(*cut, "the agent's loop does not answer")});
    for (Told& each : told) {
      over = close_off(each.what, cut, said);
      emit(sink, std::move(each.what), each.when);
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
  {
    const std::scoped_lock lock(mutex_);
    runs_.erase(number);
  }
  stops_.stop_run(number);
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
  }
  stops_.stop_all();
  if (tools_) tools_->close();
  for (const RunNumber number : left) tell(number, no_loop());
}

}  // namespace pais::bindings
