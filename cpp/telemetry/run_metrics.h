// The numbers that runs add up to: how long they take, what their models consume, how delegations go.
//
// One RunMetrics serves all runs of a host, from any thread; each run has a listener of its own. The labels that others
// choose, as a server its models' names, are taken as they come for the first few, and as "_other" from then on.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "events/run.h"
#include "telemetry/metrics.h"
#include "telemetry/trace_context.h"

namespace pais::telemetry {

class RunMetrics {
 public:
  explicit RunMetrics(Metrics& metrics);  // outlives this

  // One run's. Heard, like every listener, from one thread at a time.
  class Listener final : public events::RunListener {
   public:
    // `trace` is where the run's own span is, when it is kept: the numbers then lead to it.
    Listener(RunMetrics& all, const TraceContext* trace) : all_(all), trace_(trace) {}
    void on(const events::RunEvent& event) override;

   private:
    using Instant = std::chrono::steady_clock::time_point;

    void ended(const events::ModelCallEnded& call, const events::RunEvent& event);
    void ended(const events::DelegationEnded& delegation, const events::RunEvent& event);
    void ended(const events::TurnEnded& turn, const events::RunEvent& event);
    void record(Histogram& histogram, double value, Time at) const;

    struct Open {
      std::string id;
      Instant since;
    };
    struct Asked {
      int step = 0;
      Instant since;
      std::string model;
      std::string provider;
    };

    RunMetrics& all_;
    const TraceContext* trace_;
    Instant began_{};
    bool said_something_ = false;
    std::vector<Open> delegations_;
    std::vector<Asked> asked_;
  };

 private:
  // What calls of one model add to.
  struct ModelSeries {
    Histogram* duration;
    Histogram* input;  // these two null: of calls that failed
    Histogram* output;
  };
  using ModelKey =
      std::tuple<std::string, std::string, std::string, std::string>;  // provider, asked, answered, error's name
  using ModelWords = std::tuple<std::string_view, std::string_view, std::string_view, std::string_view>;
  struct ByWords {
    using is_transparent = void;
    bool operator()(const ModelWords& one, const ModelWords& other) const { return one < other; }
  };

  ModelSeries model(const ModelWords& words);
  Histogram& runs(std::string_view code);
  std::string known(std::string_view name, std::set<std::string, std::less<>>& names);

  Metrics& metrics_;
  Histogram& first_text_;
  std::shared_mutex mutex_;  // guards all below
  std::map<ModelKey, ModelSeries, ByWords> models_;
  std::map<std::string, Histogram*, std::less<>> runs_;
  std::set<std::string, std::less<>> model_names_;
  std::set<std::string, std::less<>> targets_;
};

}  // namespace pais::telemetry
