// Numbers about this process: counters, gauges and histograms, each with labels.
//
// One Metrics serves all threads. A series is looked up by its name and labels once, then kept by reference: it lives
// as long as the Metrics, and recording into it is a few atomic additions. Whoever offers labels bounds their values:
// nothing a stranger wrote may become one. Against mistakes there is a limit all the same: of a metric that has
// kMostSeries, all further labels share one series, labelled otel.metric.overflow.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "telemetry/signals.h"

namespace pais::telemetry {

using Labels = std::vector<std::pair<std::string, std::string>>;

inline constexpr std::size_t kMostSeries = 2000;

class Counter {
 public:
  void add(std::uint64_t more = 1) { value_.fetch_add(more, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// A sum that may have a fraction, and of a metric that is up_down may shrink.
class Sum {
 public:
  void add(double more) { value_.fetch_add(more, std::memory_order_relaxed); }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

class Gauge {
 public:
  void set(double value) { value_.store(value, std::memory_order_relaxed); }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

// One measurement, with the span it was taken in.
struct Exemplar {
  double value = 0;
  Time time = {};
  TraceId trace_id{};
  SpanId span_id{};
};

class Histogram {
 public:
  explicit Histogram(std::vector<double> bounds);
  void record(double value);
  // The same inside a span that is kept: the latest of each bucket can be asked for, and leads to its trace.
  void record(double value, const TraceId& trace_id, const SpanId& span_id, Time at = std::chrono::system_clock::now());

  struct Snapshot {
    std::vector<double> bounds = {};
    std::vector<std::uint64_t> counts = {};  // of each bound, and one more for what is above all of them
    std::uint64_t count = 0;
    double sum = 0;
    std::vector<std::optional<Exemplar>> exemplars = {};  // none at all, or one place for each count
  };
  Snapshot snapshot() const;

 private:
  std::size_t count(double value);

  const std::vector<double> bounds_;
  std::deque<std::atomic<std::uint64_t>> counts_;
  std::atomic<double> sum_{0};
  mutable std::mutex mutex_;                        // guards exemplars_
  std::vector<std::optional<Exemplar>> exemplars_;  // empty until there is one
};

// Seconds, from half a millisecond to minutes: a probe and a slow model both find their place.
std::vector<double> duration_bounds();

// What a metric is, whatever its labels. Names and units as OpenTelemetry has them ("http.server.request.duration",
// "s"); the Prometheus form is made of them.
struct Metric {
  enum class Kind { counter, gauge, histogram, up_down };
  std::string name;
  Kind kind;
  std::string unit;
  std::string help;
  Scope scope = {};  // none: the host's own
};

// All of one metric at one moment, counted from when its Metrics was made.
struct MetricSnapshot {
  struct Point {
    Labels labels;
    std::variant<std::uint64_t, double, Histogram::Snapshot> value;
  };
  Metric metric;
  std::vector<Point> points;
};

class Metrics {
 public:
  Counter& counter(const Metric& metric, const Labels& labels = {});
  Sum& sum(const Metric& metric, const Labels& labels = {});  // of a counter, or of an up_down
  Gauge& gauge(const Metric& metric, const Labels& labels = {});
  Histogram& histogram(const Metric& metric, const Labels& labels = {},
                       const std::vector<double>& bounds = duration_bounds());
  // A value that is asked for when somebody looks, on the thread of whoever does.
  void observe(const Metric& metric, std::function<double()> value, const Labels& labels = {});

  // In the order of their names.
  std::vector<MetricSnapshot> snapshot() const;
  Time begun() const { return begun_; }

  // The text format of Prometheus, version 0.0.4.
  std::string prometheus() const;
  // The text format of OpenMetrics, version 1.0.0: as above, with exemplars.
  std::string openmetrics() const;

 private:
  struct Series {
    Labels labels;
    std::unique_ptr<Counter> counter = nullptr;
    std::unique_ptr<Sum> sum = nullptr;
    std::unique_ptr<Gauge> gauge = nullptr;
    std::unique_ptr<Histogram> histogram = nullptr;
    std::function<double()> observed = nullptr;
  };
  struct Family {
    Metric metric;
    std::deque<Series> series = {};
    std::map<Labels, Series*> by_labels = {};
  };
  using Key =
      std::tuple<std::string, std::string, Metric::Kind>;  // name, scope and kind: the same name is not the same

  Series& series(const Metric& metric, const Labels& labels);

  const Time begun_ = std::chrono::system_clock::now();
  mutable std::mutex mutex_;  // guards families_, not the series themselves
  std::map<Key, Family> families_;
};

}  // namespace pais::telemetry
