#include "telemetry/prometheus.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace pais::telemetry {
namespace {

std::string plain_name(std::string_view name) {
  std::string plain(name);
  std::ranges::replace(plain, '.', '_');
  return plain;
}

std::string number(double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

void append_escaped(std::string& out, std::string_view value) {
  for (const char c : value) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
}

std::string_view unit_suffix(std::string_view unit) {
  if (unit == "s") return "_seconds";
  if (unit == "ms") return "_milliseconds";
  if (unit == "By") return "_bytes";
  return {};
}

std::string_view kind_name(Metric::Kind kind) {
  switch (kind) {
    case Metric::Kind::counter:
      return "counter";
    case Metric::Kind::histogram:
      return "histogram";
    case Metric::Kind::gauge:
      break;
  }
  return "gauge";
}

}  // namespace

std::string prometheus_name(const Metric& metric) {
  std::string name = plain_name(metric.name);
  name += unit_suffix(metric.unit);
  if (metric.kind == Metric::Kind::counter) name += "_total";
  return name;
}

void PrometheusText::begin(const Metric& metric) {
  name_ = prometheus_name(metric);
  text_.append("# HELP ").append(name_).append(" ");
  append_escaped(text_, metric.help);
  text_.append("\n# TYPE ").append(name_).append(" ").append(kind_name(metric.kind)).append("\n");
}

void PrometheusText::value(const Labels& labels, double value) {
  line("", labels, "", value);
}

void PrometheusText::histogram(const Labels& labels, const Histogram::Snapshot& snapshot) {
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < snapshot.counts.size(); ++i) {
    below += snapshot.counts[i];
    const std::string bound = i < snapshot.bounds.size() ? number(snapshot.bounds[i]) : "+Inf";
    line("_bucket", labels, bound, static_cast<double>(below));
  }
  line("_sum", labels, "", snapshot.sum);
  line("_count", labels, "", static_cast<double>(snapshot.count));
}

void PrometheusText::line(std::string_view suffix, const Labels& labels, std::string_view bound, double value) {
  text_.append(name_).append(suffix);
  char before = '{';
  const auto label = [&](std::string_view name, std::string_view text) {
    text_ += before;
    text_.append(plain_name(name)).append("=\"");
    append_escaped(text_, text);
    text_ += '"';
    before = ',';
  };
  for (const auto& [name, text] : labels) label(name, text);
  if (!bound.empty()) label("le", bound);
  if (before == ',') text_ += '}';
  text_.append(" ").append(number(value)).append("\n");
}

}  // namespace pais::telemetry
