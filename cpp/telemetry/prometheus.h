// The text formats in which numbers are fetched: that of Prometheus, and OpenMetrics.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "telemetry/metrics.h"

namespace pais::telemetry {

enum class TextFormat { prometheus, openmetrics };

// Two metrics that would get the same name there cannot both be shown: the first one is, unless they are of one kind.
std::string metrics_text(const std::vector<MetricSnapshot>& metrics, TextFormat format);

// "http.server.request.duration" in seconds → "http_server_request_duration_seconds"; a counter ends in "_total".
std::string prometheus_name(const Metric& metric);

// What the header `Accept` of whoever fetches them asks for.
TextFormat wanted_format(std::string_view accept);
std::string_view content_type(TextFormat format);

}  // namespace pais::telemetry
