// Numbers about this process: counters, gauges and histograms, each with labels.
//
// One Metrics serves all threads. A series is looked up by its name and labels once, then kept by reference: it lives
// as long as the Metrics, and recording into it is a few atomic additions. Whoever offers labels bounds their values:
// nothing a stranger wrote may become one.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace pais::telemetry {

using Labels = std::vector<std::pair<std::string, std::string>>;

class Counter {
 public:
  void add(std::uint64_t more = 1) { value_.fetch_add(more, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class Histogram {
 public:
  explicit Histogram(std::vector<double> bounds);
  void record(double value);

  struct Snapshot {
    std::vector<double> bounds;
    std::vector<std::uint64_t> counts;  // of each bound, and one more for what is above all of them
    std::uint64_t count = 0;
    double sum = 0;
  };
  Snapshot snapshot() const;

 private:
  const std::vector<double> bounds_;
  std::deque<std::atomic<std::uint64_t>> counts_;
  std::atomic<double> sum_{0};
};

// Seconds, from half a millisecond to minutes: a probe and a slow model both find their place.
std::vector<double> duration_bounds();

// What a metric is, whatever its labels. Names and units as OpenTelemetry has them ("http.server.request.duration",
// "s"); the Prometheus form is made of them.
struct Metric {
  enum class Kind { counter, gauge, histogram };
  std::string name;
  Kind kind;
  std::string unit;
  std::string help;
};

class Metrics {
 public:
  Counter& counter(const Metric& metric, const Labels& labels = {});
  Histogram& histogram(const Metric& metric, const Labels& labels = {},
                       const std::vector<double>& bounds = duration_bounds());
  // A value that is asked for when somebody looks.
  void observe(const Metric& metric, std::function<double()> value, const Labels& labels = {});

  // The text format of Prometheus, version 0.0.4.
  std::string prometheus() const;

 private:
  struct Series {
    Labels labels;
    std::unique_ptr<Counter> counter = nullptr;
    std::unique_ptr<Histogram> histogram = nullptr;
    std::function<double()> observed = nullptr;
  };
  struct Family {
    Metric metric;
    std::deque<Series> series;
  };

  Series& series(const Metric& metric, const Labels& labels);

  mutable std::mutex mutex_;  // guards families_, not the series themselves
  std::map<std::string, Family> families_;
};

}  // namespace pais::telemetry
