#include "telemetry/metrics.h"

#include <algorithm>

#include "telemetry/prometheus.h"

namespace pais::telemetry {

Histogram::Histogram(std::vector<double> bounds) : bounds_(std::move(bounds)), counts_(bounds_.size() + 1) {}

void Histogram::record(double value) {
  count(value);
}

void Histogram::record(double value, const TraceId& trace_id, const SpanId& span_id, Time at) {
  const std::size_t place = count(value);
  // Whoever is in the middle of leaving an exemplar is not waited for: one of the two is as good as the other.
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock) return;
  exemplars_.resize(counts_.size());
  exemplars_[place] = Exemplar{.value = value, .time = at, .trace_id = trace_id, .span_id = span_id};
}

std::size_t Histogram::count(double value) {
  const auto place = static_cast<std::size_t>(std::ranges::lower_bound(bounds_, value) - bounds_.begin());
  counts_[place].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
  return place;
}

Histogram::Snapshot Histogram::snapshot() const {
  Snapshot snapshot{.bounds = bounds_, .sum = sum_.load(std::memory_order_relaxed)};
  for (const auto& count : counts_) {
    snapshot.counts.push_back(count.load(std::memory_order_relaxed));
    snapshot.count += snapshot.counts.back();
  }
  const std::scoped_lock lock(mutex_);
  snapshot.exemplars = exemplars_;
  return snapshot;
}

std::vector<double> duration_bounds() {
  return {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120};
}

Metrics::Series& Metrics::series(const Metric& metric, const Labels& labels) {
  Family& family = families_.try_emplace({metric.name, metric.scope.name, metric.kind}, Family{metric}).first->second;
  if (const auto known = family.by_labels.find(labels); known != family.by_labels.end()) return *known->second;
  const bool full = family.series.size() >= kMostSeries;
  const Labels own = full ? Labels{{"otel.metric.overflow", "true"}} : labels;
  if (const auto known = family.by_labels.find(own); known != family.by_labels.end()) return *known->second;
  Series& made = family.series.emplace_back(Series{.labels = own});
  family.by_labels.emplace(own, &made);
  return made;
}

Counter& Metrics::counter(const Metric& metric, const Labels& labels) {
  const std::scoped_lock lock(mutex_);
  Series& found = series(metric, labels);
  if (!found.counter) found.counter = std::make_unique<Counter>();
  return *found.counter;
}

Sum& Metrics::sum(const Metric& metric, const Labels& labels) {
  const std::scoped_lock lock(mutex_);
  Series& found = series(metric, labels);
  if (!found.sum) found.sum = std::make_unique<Sum>();
  return *found.sum;
}

Gauge& Metrics::gauge(const Metric& metric, const Labels& labels) {
  const std::scoped_lock lock(mutex_);
  Series& found = series(metric, labels);
  if (!found.gauge) found.gauge = std::make_unique<Gauge>();
  return *found.gauge;
}

Histogram& Metrics::histogram(const Metric& metric, const Labels& labels, const std::vector<double>& bounds) {
  const std::scoped_lock lock(mutex_);
  Series& found = series(metric, labels);
  if (!found.histogram) found.histogram = std::make_unique<Histogram>(bounds);
  return *found.histogram;
}

void Metrics::observe(const Metric& metric, std::function<double()> value, const Labels& labels) {
  const std::scoped_lock lock(mutex_);
  series(metric, labels).observed = std::move(value);
}

std::vector<MetricSnapshot> Metrics::snapshot() const {
  // What is observed is asked without the lock: it may be somebody's who records while he answers.
  struct Question {
    std::size_t metric;
    std::size_t point;
    std::function<double()> ask;
  };
  std::vector<MetricSnapshot> all;
  std::vector<Question> questions;
  std::unique_lock lock(mutex_);
  for (const auto& [key, family] : families_) {
    MetricSnapshot& one = all.emplace_back(MetricSnapshot{.metric = family.metric, .points = {}});
    const auto add = [&](const Series& series, auto value) { one.points.push_back({series.labels, std::move(value)}); };
    for (const Series& series : family.series) {
      if (series.histogram) add(series, series.histogram->snapshot());
      if (series.counter) add(series, series.counter->value());
      if (series.sum) add(series, series.sum->value());
      if (series.gauge) add(series, series.gauge->value());
      if (!series.observed) continue;
      questions.push_back({all.size() - 1, one.points.size(), series.observed});
      add(series, 0.0);
    }
  }
  lock.unlock();
  for (const Question& question : questions) all[question.metric].points[question.point].value = question.ask();
  return all;
}

std::string Metrics::prometheus() const {
  return metrics_text(snapshot(), TextFormat::prometheus);
}

std::string Metrics::openmetrics() const {
  return metrics_text(snapshot(), TextFormat::openmetrics);
}

}  // namespace pais::telemetry
