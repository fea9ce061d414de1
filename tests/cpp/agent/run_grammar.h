// The order that events/run_event.h promises, as a check for recorded runs.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "events/run_event.h"

namespace pais::agent {

class RunGrammar {
 public:
  // What is wrong with the run, one sentence each; nothing for a run as it should be.
  static std::vector<std::string> faults(const std::vector<events::RunEvent>& run) {
    RunGrammar grammar;
    for (const events::RunEvent& event : run) grammar.read(event);
    grammar.demand(grammar.ended_, "the run has no end");
    return grammar.faults_;
  }

 private:
  enum class CallState { requested, started, ended };

  void read(const events::RunEvent& event) {
    demand(event.sequence == next_++, "a gap in the sequence");
    demand(!ended_, "an event after TurnEnded");
    demand(started_ || std::holds_alternative<events::TurnStarted>(event.what), "an event before TurnStarted");
    std::visit([this](const auto& what) { hear(what); }, event.what);
  }

  void hear(const events::TurnStarted&) {
    demand(!started_, "a second TurnStarted");
    started_ = true;
  }

  void hear(const events::ModelCallStarted& call) {
    demand(!asking_, "a model call within a model call");
    demand(open_calls() == 0, "a model call while tools are running");
    demand(call.step == ++steps_, "model calls are not counted one by one");
    demand(!exceeded_, "a model call after BudgetExceeded");
    asking_ = true;
    requests_.clear();
  }

  void hear(const events::ModelCallEnded& call) {
    demand(asking_ && call.step == steps_, "ModelCallEnded without its start");
    asking_ = false;
    if (!call.error) unobserved_ = call.usage;
  }

  void hear(const events::TextDelta& delta) {
    demand(asking_, "text outside a model call");
    demand(!delta.text.empty(), "an empty text delta");
    said_ += delta.text;
  }

  void hear(const events::ThinkingDelta& delta) {
    demand(asking_, "thinking outside a model call");
    demand(!delta.text.empty(), "an empty thinking delta");
  }

  void hear(const events::ToolCallRequested& request) {
    demand(!asking_, "a tool call before the answer is whole");
    if (requests_.empty()) ++tool_steps_;
    demand(request.step == tool_steps_, "the calls of one answer do not share their step");
    demand(requests_.emplace(request.call.id, CallState::requested).second, "two calls of one id");
  }

  void hear(const events::ToolCallStarted& start) {
    const auto request = requests_.find(start.call.id);
    demand(request != requests_.end() && request->second == CallState::requested,
           "a tool started that nobody asked for");
    requests_[start.call.id] = CallState::started;
  }

  void hear(const events::ToolCallProgressed& progress) {
    const auto request = requests_.find(progress.call_id);
    demand(request != requests_.end() && request->second == CallState::started, "progress of a call not under way");
  }

  void hear(const events::ToolCallEnded& end) {
    const auto request = requests_.find(end.call.id);
    demand(request != requests_.end() && request->second == CallState::started, "a tool ended that had not started");
    demand(!end.is_retry || end.is_error, "a retry that is no error");
    demand(!delegating_.contains(end.call.id), "a tool ended before its delegation");
    requests_[end.call.id] = CallState::ended;
  }

  void hear(const events::DelegationStarted& start) {
    const auto request = requests_.find(start.call_id);
    demand(request != requests_.end() && request->second == CallState::started, "a delegation outside its tool call");
    demand(delegating_.insert(start.call_id).second, "two delegations in one call");
  }

  void hear(const events::DelegationProgressed& progress) {
    demand(delegating_.contains(progress.call_id), "progress of a delegation that is not under way");
  }

  void hear(const events::DelegationEnded& end) {
    demand(delegating_.erase(end.call_id) == 1, "a delegation ended that had not started");
  }

  void hear(const events::UsageObserved& observed) {
    demand(unobserved_ && unobserved_->total() == observed.usage.total(), "usage that belongs to no model call");
    unobserved_.reset();
    usage_ += observed.usage;
  }

  void hear(const events::MemoryTouched&) { demand(!asking_, "memory touched within a model call"); }

  void hear(const events::BudgetExceeded&) {
    demand(!exceeded_, "a second BudgetExceeded");
    exceeded_ = true;
  }

  void hear(const events::TurnEnded& end) {
    demand(!asking_ && open_calls() == 0 && delegating_.empty(), "the turn ended with something still open");
    demand(!unobserved_, "a model call whose usage nobody observed");
    demand(end.usage.total() == usage_.total() && end.usage.cached_tokens == usage_.cached_tokens,
           "the usage of the turn is not the sum");
    demand(!exceeded_ || end.error, "BudgetExceeded without an error");
    demand(!end.error || end.text == said_, "the text of a failed turn is not what had been said");
    ended_ = true;
  }

  std::size_t open_calls() const {
    std::size_t open = 0;
    for (const auto& [id, state] : requests_) open += state == CallState::started ? 1 : 0;
    return open;
  }

  void demand(bool kept, const char* fault) {
    if (!kept) faults_.emplace_back(fault);
  }

  std::vector<std::string> faults_;
  std::uint64_t next_ = 0;
  bool started_ = false;
  bool ended_ = false;
  bool asking_ = false;
  bool exceeded_ = false;
  int steps_ = 0;
  int tool_steps_ = 0;
  std::string said_;
  std::map<std::string, CallState> requests_;  // of the latest answer
  std::set<std::string> delegating_;
  std::optional<events::Usage> unobserved_;
  events::Usage usage_;
};

}  // namespace pais::agent
