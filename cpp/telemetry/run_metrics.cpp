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

std::string RunMetrics::known(const std::string& name, std::set<std::string>& names) {
  const std::scoped_lock lock(mutex_);
  if (names.contains(name)) return name;
  if (names.size() == kMostNames) return std::string(kOther);
  names.insert(name);
  return name;
}

RunMetrics::ModelSeries& RunMetrics::tokens(const ModelKey& key) {
  {
    const std::shared_lock lock(mutex_);
    if (const auto found = tokens_.find(key); found != tokens_.end()) return found->second;
  }
  const auto& [provider, asked, answered] = key;
  const Labels model = model_labels(provider, asked, known(answered, models_));
  const auto series = [&](std::string type) -> Histogram& {
    Labels labels = model;
    labels.emplace_back("gen_ai.token.type", std::move(type));
    return metrics_.histogram(kTokens, labels, token_bounds());
  };
  const ModelSeries both{.input = series("input"), .output = series("output")};
  const std::scoped_lock lock(mutex_);
  // Names that are not kept are looked up anew each time, so that strangers cannot fill the table.
  if (!models_.contains(answered))
    return tokens_.try_emplace({provider, asked, std::string(kOther)}, both).first->second;
  return tokens_.try_emplace(key, both).first->second;
}

Histogram& RunMetrics::calls(const CallKey& key) {
  {
    const std::shared_lock lock(mutex_);
    if (const auto found = calls_.find(key); found != calls_.end()) return *found->second;
  }
  const auto& [provider, asked, answered, error] = key;
  const std::string name = known(answered, models_);
  Labels labels = model_labels(provider, asked, name);
  if (!error.empty()) labels.emplace_back("error.type", error);
  Histogram& histogram = metrics_.histogram(kModelTime, labels);
  const std::scoped_lock lock(mutex_);
  calls_.try_emplace({provider, asked, name, error}, &histogram);
  return histogram;
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
                                [&](const events::ModelCallEnded& call) { ended(call, at); },
                                [&](const events::TextDelta&) {
                                  if (!std::exchange(said_something_, true)) {
                                    record(all_.first_text_, seconds(at - began_));
                                  }
                                },
                                [&](const events::DelegationStarted& delegation) {
                                  delegations_.push_back({delegation.call_id, at});
                                },
                                [&](const events::DelegationEnded& delegation) { ended(delegation, at); },
                                [&](const events::TurnEnded& turn) { ended(turn, at); },
                                [](const auto& /*what no number tells of*/) {}},
             event.what);
}

void RunMetrics::Listener::ended(const events::ModelCallEnded& call, Instant at) {
  const auto found = std::ranges::find(asked_, call.step, &Asked::step);
  if (found == asked_.end()) return;
  const Asked asked = std::move(*found);
  asked_.erase(found);
  const std::string error = call.error ? std::string(facts(call.error->code).name) : std::string();
  record(all_.calls({asked.provider, asked.model, call.model, error}), seconds(at - asked.since));
  if (call.error || call.usage.total() == 0) return;
  ModelSeries& tokens = all_.tokens({asked.provider, asked.model, call.model});
  if (call.usage.input_tokens > 0) record(tokens.input, static_cast<double>(call.usage.input_tokens));
  if (call.usage.output_tokens > 0) record(tokens.output, static_cast<double>(call.usage.output_tokens));
}

void RunMetrics::Listener::ended(const events::DelegationEnded& delegation, Instant at) {
  const auto found = std::ranges::find(delegations_, delegation.call_id, &Open::id);
  if (found == delegations_.end()) return;
  const auto took = at - found->since;
  delegations_.erase(found);
  const Labels labels = {{"target", all_.known(delegation.agent, all_.targets_)},
                         {"success", delegation.is_error ? "false" : "true"}};
  all_.metrics_.counter(kDelegations, labels).add();
  record(all_.metrics_.histogram(kDelegationTime, labels, kDelegationBounds),
         std::chrono::duration<double, std::milli>(took).count());
}

void RunMetrics::Listener::ended(const events::TurnEnded& turn, Instant at) {
  record(all_.runs(turn.error ? facts(turn.error->code).name : kGood), seconds(at - began_));
}

void RunMetrics::Listener::record(Histogram& histogram, double value) const {
  if (trace_ == nullptr) return histogram.record(value);
  histogram.record(value, trace_->trace_id, trace_->span_id);
}

}  // namespace pais::telemetry
