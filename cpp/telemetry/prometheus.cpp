#include "telemetry/prometheus.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <set>

#include "telemetry/trace_context.h"

namespace pais::telemetry {
namespace {

// Letters, digits and "_", beginning with no digit: what both formats take everywhere.
std::string plain_name(std::string_view name) {
  std::string plain(name);
  std::ranges::replace_if(
      plain, [](char c) { return !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9'); }, '_');
  if (plain.empty() || (plain.front() >= '0' && plain.front() <= '9')) plain.insert(plain.begin(), '_');
  return plain;
}

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

std::string unix_seconds(Time time) {
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  std::string fraction = std::to_string(milliseconds % 1000);
  fraction.insert(0, 3 - fraction.size(), '0');
  return std::to_string(milliseconds / 1000) + "." + fraction;
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
    case Metric::Kind::up_down:
      break;
  }
  return "gauge";
}

std::string family_name(const Metric& metric) {
  return plain_name(metric.name).append(unit_suffix(metric.unit));
}

class Text {
 public:
  explicit Text(TextFormat format) : open_(format == TextFormat::openmetrics) {}

  void begin(const Metric& metric) {
    name_ = prometheus_name(metric);
    // OpenMetrics names the family without what its counters end in.
    const std::string named = open_ ? family_name(metric) : name_;
    text_.append("# HELP ").append(named).append(" ");
    append_escaped(text_, metric.help);
    text_.append("\n# TYPE ").append(named).append(" ").append(kind_name(metric.kind)).append("\n");
  }

  void point(const MetricSnapshot::Point& point) {
    if (const auto* histogram = std::get_if<Histogram::Snapshot>(&point.value)) return add(point.labels, *histogram);
    const auto* whole = std::get_if<std::uint64_t>(&point.value);
    line("", point.labels, "", whole != nullptr ? static_cast<double>(*whole) : std::get<double>(point.value));
    text_ += '\n';
  }

  std::string take() && {
    if (open_) text_ += "# EOF\n";
    return std::move(text_);
  }

 private:
  void add(const Labels& labels, const Histogram::Snapshot& snapshot) {
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < snapshot.counts.size(); ++i) {
      below += snapshot.counts[i];
      const std::string bound = i < snapshot.bounds.size() ? number(snapshot.bounds[i]) : "+Inf";
      line("_bucket", labels, bound, static_cast<double>(below));
      if (open_ && i < snapshot.exemplars.size() && snapshot.exemplars[i]) exemplar(*snapshot.exemplars[i]);
      text_ += '\n';
    }
    line("_sum", labels, "", snapshot.sum);
    text_ += '\n';
    line("_count", labels, "", static_cast<double>(snapshot.count));
    text_ += '\n';
  }

  void line(std::string_view suffix, const Labels& labels, std::string_view bound, double value) {
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
    text_.append(" ").append(number(value));
  }

  void exemplar(const Exemplar& exemplar) {
    text_.append(" # {trace_id=\"").append(hex(exemplar.trace_id));
    text_.append("\",span_id=\"").append(hex(exemplar.span_id)).append("\"} ");
    text_.append(number(exemplar.value)).append(" ").append(unix_seconds(exemplar.time));
  }

  const bool open_;
  std::string text_;
  std::string name_;
};

}  // namespace

std::string prometheus_name(const Metric& metric) {
  std::string name = family_name(metric);
  if (metric.kind == Metric::Kind::counter && !name.ends_with("_total")) name += "_total";
  return name;
}

std::string metrics_text(const std::vector<MetricSnapshot>& metrics, TextFormat format) {
  struct Family {
    const Metric* metric;
    std::vector<const MetricSnapshot::Point*> points = {};
    std::set<Labels> labels = {};
  };
  std::map<std::string, Family> families;
  for (const MetricSnapshot& each : metrics) {
    Family& family = families.try_emplace(family_name(each.metric), Family{&each.metric}).first->second;
    if (family.metric->kind != each.metric.kind) continue;
    for (const auto& point : each.points) {
      if (family.labels.insert(point.labels).second) family.points.push_back(&point);
    }
  }
  Text text(format);
  for (const auto& [name, family] : families) {
    text.begin(*family.metric);
    for (const auto* point : family.points) text.point(*point);
  }
  return std::move(text).take();
}

TextFormat wanted_format(std::string_view accept) {
  const bool open = accept.find("application/openmetrics-text") != std::string_view::npos;
  return open ? TextFormat::openmetrics : TextFormat::prometheus;
}

std::string_view content_type(TextFormat format) {
  return format == TextFormat::openmetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                           : "text/plain; version=0.0.4; charset=utf-8";
}

}  // namespace pais::telemetry
