#include "telemetry/metrics.h"

#include <algorithm>

#include "telemetry/prometheus.h"

namespace pais::telemetry {

Histogram::Histogram(std::vector<double> bounds) : bounds_(std::move(bounds)), counts_(bounds_.size() + 1) {}

void Histogram::record(double value) {
  const auto place = std::ranges::lower_bound(bounds_, value) - bounds_.begin();
  counts_[static_cast<std::size_t>(place)].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

Histogram::Snapshot Histogram::snapshot() const {
  Snapshot snapshot{.bounds = bounds_, .counts = {}, .sum = sum_.load(std::memory_order_relaxed)};
  for (const auto& count : counts_) {
    snapshot.counts.push_back(count.load(std::memory_order_relaxed));
    snapshot.count += snapshot.counts.back();
  }
  return snapshot;
}

std::vector<double> duration_bounds() {
  return {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120};
}

Metrics::Series& Metrics::series(const Metric& metric, const Labels& labels) {
  Family& family = families_.try_emplace(metric.name, Family{.metric = metric, .series = {}}).first->second;
  const auto known = std::ranges::find_if(family.series, [&](const Series& series) { return series.labels == labels; });
  if (known != family.series.end()) return *known;
  return family.series.emplace_back(Series{.labels = labels});
}

Counter& Metrics::counter(const Metric& metric, const Labels& labels) {
  const std::scoped_lock lock(mutex_);
  Series& found = series(metric, labels);
  if (!found.counter) found.counter = std::make_unique<Counter>();
  return *found.counter;
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

std::string Metrics::prometheus() const {
  const std::scoped_lock lock(mutex_);
  PrometheusText text;
  for (const auto& [name, family] : families_) {
    text.begin(family.metric);
    for (const Series& series : family.series) {
      if (series.histogram) text.histogram(series.labels, series.histogram->snapshot());
      if (series.counter) text.value(series.labels, static_cast<double>(series.counter->value()));
      if (series.observed) text.value(series.labels, series.observed());
    }
  }
  return std::move(text).take();
}

}  // namespace pais::telemetry
