// The text format of Prometheus, version 0.0.4.
#pragma once

#include <string>
#include <string_view>

#include "telemetry/metrics.h"

namespace pais::telemetry {

class PrometheusText {
 public:
  void begin(const Metric& metric);
  void value(const Labels& labels, double value);
  void histogram(const Labels& labels, const Histogram::Snapshot& snapshot);
  std::string take() && { return std::move(text_); }

 private:
  void line(std::string_view suffix, const Labels& labels, std::string_view bound, double value);

  std::string text_;
  std::string name_;
};

// "http.server.request.duration" in seconds → "http_server_request_duration_seconds"; a counter ends in "_total".
std::string prometheus_name(const Metric& metric);

}  // namespace pais::telemetry
