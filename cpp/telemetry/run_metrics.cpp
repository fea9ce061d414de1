#include "telemetry/run_metrics.h"

#include <algorithm>
#include <mutex>
#include <utility>
#include <variant>

namespace pais::telemetry {
namespace {

using Kind = Metric::Kind;

constexpr std::size_t kMostNames = 100;
constexpr std::string_view kOther = "_other";
constexpr std::string_view kGood = "ok";

const Scope kModels = {.name = "pydantic-ai", .version = PAIS_VERSION};
const Metric kTokens = {"gen_ai.client.token.usage", Kind::histogram, "{token}",
                        "Measures number of input and output tokens used", kModels};
const Metric kModelTime = {"gen_ai.client.operation.duration", Kind::histogram, "s",
                           "Time from a request to the model to the end of its answer.", kModels};
const Metric kDelegations = {"kaos.delegations", Kind::counter, "1", "Delegation count"};
const Metric kDelegationTime = {"kaos.delegation.duration", Kind::histogram, "ms", "Delegation duration"};
const Metric kRunTime = {"pais.run.duration", Kind::histogram, "s", "Time of a run, by the code it ended with."};
const Metric kFirstText = {"pais.run.ttft", Kind::histogram, "s", "Time from a run's begin to its first text."};

const std::vector<double> kDelegationBounds = {0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000};

std::vector<double> token_bounds() {
  std::vector<double> bounds;
  for (double bound = 1; bound <= 67'108'864; bound *= 4) bounds.push_back(bound);
  return bounds;
}

double seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

Labels model_labels(const std::string& provider, const std::string& asked, const std::string& answered) {
  return {{"gen_ai.provider.name", provider},
          {"gen_ai.system", provider},
          {"gen_ai.operation.name", "chat"},
          {"gen_ai.request.model", asked},
          {"gen_ai.response.model", answered}};
}

}  // namespace

RunMetrics::RunMetrics(Metrics& metrics) : metrics_(metrics), first_text_(metrics.histogram(kFirstText)) {}

std::string RunMetrics::known(std::string_view name, std::set<std::string, std::less<>>& names) {
  const std::scoped_lock lock(mutex_);
  if (names.contains(name)) return std::string(name);
  if (names.size() == kMostNames) return std::string(kOther);
  return *names.emplace(name).first;
}

// Looked up by views of what the event tells: the usual case copies nothing, and asks the Metrics for nothing.
RunMetrics::ModelSeries RunMetrics::model(const ModelWords& words) {
  {
    const std::shared_lock lock(mutex_);
    if (const auto found = models_.find(words); found != models_.end()) return found->second;
  }
  const auto& [provider, asked, answered, error] = words;
  // A name that is not kept is looked up anew each time, so that strangers cannot fill the table.
  const std::string name = known(answered, model_names_);
  const Labels labels = model_labels(std::string(provider), std::string(asked), name);
  const auto with = [&](const char* key, std::string_view value) {
    Labels more = labels;
    if (!value.empty()) more.emplace_back(key, value);
    return more;
  };
  ModelSeries series{.duration = &metrics_.histogram(kModelTime, with("error.type", error)), .input = {}, .output = {}};
  if (error.empty()) {
    series.input = &metrics_.histogram(kTokens, with("gen_ai.token.type", "input"), token_bounds());
    series.output = &metrics_.histogram(kTokens, with("gen_ai.token.type", "output"), token_bounds());
  }
  const std::scoped_lock lock(mutex_);
  return models_.try_emplace(ModelKey(provider, asked, name, error), series).first->second;
}

Histogram& RunMetrics::runs(std::string_view code) {
  {
    const std::shared_lock lock(mutex_);
    if (const auto found = runs_.find(code); found != runs_.end()) return *found->second;
  }
  Histogram& histogram = metrics_.histogram(kRunTime, {{"code", std::string(code)}});
  const std::scoped_lock lock(mutex_);
  runs_.try_emplace(std::string(code), &histogram);
  return histogram;
}

// ------------------------------------------------------------------------------------------- one run

void RunMetrics::Listener::on(const events::RunEvent& event) {
  const auto at = event.at;
  std::visit(events::Overloaded{[&](const events::TurnStarted&) { began_ = at; },
                                [&](const events::ModelCallStarted& call) {
                                  asked_.push_back({call.step, at, call.model, call.provider});
                                },
                                [&](const events::ModelCallEnded& call) { ended(call, event); },
                                [&](const events::TextDelta&) {
                                  if (!std::exchange(said_something_, true)) {
                                    record(all_.first_text_, seconds(at - began_), event.time);
                                  }
                                },
                                [&](const events::DelegationStarted& delegation) {
                                  delegations_.push_back({delegation.call_id, at});
                                },
                                [&](const events::DelegationEnded& delegation) { ended(delegation, event); },
                                [&](const events::TurnEnded& turn) { ended(turn, event); },
                                [](const auto& /*what no number tells of*/) {}},
             event.what);
}

void RunMetrics::Listener::ended(const events::ModelCallEnded& call, const events::RunEvent& event) {
  const auto found = std::ranges::find(asked_, call.step, &Asked::step);
  if (found == asked_.end()) return;
  const Asked asked = std::move(*found);
  asked_.erase(found);
  const std::string_view error = call.error ? facts(call.error->code).name : std::string_view();
  const ModelSeries series = all_.model({asked.provider, asked.model, call.model, error});
  record(*series.duration, seconds(event.at - asked.since), event.time);
  if (call.error) return;
  const auto count = [&](Histogram& histogram, std::int64_t tokens) {
    if (tokens > 0) record(histogram, static_cast<double>(tokens), event.time);
  };
  count(*series.input, call.usage.input_tokens);
  count(*series.output, call.usage.output_tokens);
}

void RunMetrics::Listener::ended(const events::DelegationEnded& delegation, const events::RunEvent& event) {
  const auto found = std::ranges::find(delegations_, delegation.call_id, &Open::id);
  if (found == delegations_.end()) return;
  const auto took = event.at - found->since;
  delegations_.erase(found);
  const Labels labels = {{"target", all_.known(delegation.agent, all_.targets_)},
                         {"success", delegation.is_error ? "false" : "true"}};
  all_.metrics_.counter(kDelegations, labels).add();
  record(all_.metrics_.histogram(kDelegationTime, labels, kDelegationBounds),
         std::chrono::duration<double, std::milli>(took).count(), event.time);
}

void RunMetrics::Listener::ended(const events::TurnEnded& turn, const events::RunEvent& event) {
  record(all_.runs(turn.error ? facts(turn.error->code).name : kGood), seconds(event.at - began_), event.time);
}

void RunMetrics::Listener::record(Histogram& histogram, double value, Time at) const {
  if (trace_ == nullptr) return histogram.record(value);
  histogram.record(value, trace_->trace_id, trace_->span_id, at);
}

}  // namespace pais::telemetry
