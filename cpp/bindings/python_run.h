// One run of PythonAgent's: what was told of it, and what it may still spend. Only that class's files include this.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "bindings/python_agent.h"

namespace pais::bindings {

struct PythonAgent::Told {
  events::Happening what;
  events::When when = {};
};

struct PythonAgent::Run {
  // What has been told since the last time, once there is something; nothing when the stop or the moment came first.
  std::deque<Told> news(const std::stop_token& stop, std::optional<std::chrono::steady_clock::time_point> until) {
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
    told.push_back({.what = std::move(what)});
  }

  // Counts what an answer cost; the limit that the run is over with it.
  std::optional<events::BudgetExceeded> spend(const model::Answer& answer, const std::vector<std::string>& outputs) {
    using Kind = events::BudgetExceeded::Kind;
    const auto is_tool = [&](const events::ToolCall& call) { return std::ranges::count(outputs, call.tool) == 0; };
    const std::scoped_lock lock(mutex);
    tokens = events::Usage::sum(tokens, answer.usage.total());
    delegations = std::ranges::count_if(
        answer.calls, [](const events::ToolCall& call) { return call.tool.starts_with(tools::kDelegationPrefix); });
    tool_calls += std::ranges::count_if(answer.calls, is_tool);
    const auto over = [](Kind kind, std::int64_t limit, std::int64_t actual) {
      return events::BudgetExceeded{
          .kind = kind, .limit = static_cast<double>(limit), .actual = static_cast<double>(actual)};
    };
    const std::int64_t spent = events::Usage::sum(tokens, delegated_tokens);
    if (budget.tokens != 0 && spent > budget.tokens) return over(Kind::tokens, budget.tokens, spent);
    if (budget.tool_calls == 0 || tool_calls <= budget.tool_calls) return std::nullopt;
    return over(Kind::tool_calls, budget.tool_calls, tool_calls);
  }

  // What is left of the budget for one of those the run delegates to: they share the tokens. The last of it is never
  // nothing, which would be none.
  tools::Allowance left() {
    const std::scoped_lock lock(mutex);
    tools::Allowance left;
    if (budget.steps > 0) left.steps = std::max<std::int64_t>(budget.steps - model_calls, 1);
    const std::int64_t tokens_left = budget.tokens - events::Usage::sum(tokens, delegated_tokens);
    const auto sharers = std::max<std::int64_t>(delegations, 1);
    if (budget.tokens > 0) left.tokens = std::max<std::int64_t>(tokens_left / sharers, 1);
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
  std::optional<std::chrono::steady_clock::time_point> deadline;
  std::shared_ptr<const ToolRun> tools;

  std::mutex mutex;
  std::condition_variable_any changed;
  std::deque<Told> told;  // guarded by the mutex
  int model_calls = 0;    // guarded by the mutex, as all below
  std::int64_t tokens = 0;
  std::int64_t tool_calls = 0;
  std::int64_t delegations = 0;  // that the last answer wishes for
  std::int64_t delegated_tokens = 0;
};

}  // namespace pais::bindings
