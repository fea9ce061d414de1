#include "bindings/signals.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <pybind11/stl.h>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "base/home_process.h"
#include "base/settings.h"
#include "bindings/unlocked.h"
#include "server/startup.h"
#include "telemetry/open_export.h"
#include "telemetry/span_writer.h"

namespace py = pybind11;

namespace pais::bindings {
namespace {

using telemetry::Attributes;
using telemetry::Metric;
using telemetry::Span;
using telemetry::Value;

constexpr std::size_t kMostAttributes = 128;
constexpr std::size_t kMostEvents = 128;
constexpr std::size_t kMostLabels = 32;

template <typename Id>
Id id_of(std::string_view bytes) {
  Id id{};
  if (bytes.size() == id.size()) std::ranges::copy(bytes, id.begin());
  return id;
}

telemetry::Time time_of(std::int64_t nanoseconds) {
  const std::chrono::nanoseconds since(nanoseconds);
  return telemetry::Time(std::chrono::duration_cast<telemetry::Time::duration>(since));
}

// Half a surrogate pair, which a Python text may hold, becomes "?".
std::string text_of(const py::handle& value) {
  const auto text = py::isinstance<py::str>(value) ? py::reinterpret_borrow<py::str>(value) : py::str(value);
  PyObject* const bytes = PyUnicode_AsEncodedString(text.ptr(), "utf-8", "replace");
  if (bytes == nullptr) throw py::error_already_set();
  return std::string(py::reinterpret_steal<py::bytes>(bytes));
}

Value value_of(const py::handle& value) {
  if (py::isinstance<py::bool_>(value)) return value.cast<bool>();
  if (py::isinstance<py::int_>(value)) {
    int overflow = 0;
    const long long number = PyLong_AsLongLongAndOverflow(value.ptr(), &overflow);
    if (overflow == 0) return std::int64_t{number};
    return text_of(value);
  }
  if (py::isinstance<py::float_>(value)) return value.cast<double>();
  if (py::isinstance<py::list>(value) || py::isinstance<py::tuple>(value)) {
    std::vector<std::string> texts;
    for (const py::handle& each : value) texts.push_back(text_of(each));
    return texts;
  }
  return text_of(value);
}

Attributes attributes_of(const py::dict& dict) {
  Attributes attributes;
  for (const auto& [key, value] : dict) {
    if (attributes.size() == kMostAttributes) break;
    if (!value.is_none()) attributes.emplace_back(text_of(key), value_of(value));
  }
  return attributes;
}

telemetry::Labels labels_of(const py::dict& dict) {
  telemetry::Labels labels;
  for (const auto& [key, value] : dict) {
    if (labels.size() == kMostLabels) break;
    labels.emplace_back(text_of(key), text_of(value));
  }
  std::ranges::sort(labels);
  return labels;
}

Span::Kind kind_of(int kind) {
  if (kind == 1) return Span::Kind::server;
  return kind == 2 ? Span::Kind::client : Span::Kind::internal;
}

Span::Status status_of(int status) {
  if (status == 1) return Span::Status::ok;
  return status == 2 ? Span::Status::error : Span::Status::unset;
}

using PlainEvent = std::tuple<std::string, std::int64_t, py::dict>;
using PlainLink = std::tuple<py::bytes, py::bytes, py::dict>;

// `ids` are the trace's, the span's and its parent's, one behind the other.
void tell_span(const Signals& signals, std::string scope, std::string version, const std::string& ids,
               std::string state, std::string name, int kind, std::pair<std::int64_t, std::int64_t> times,
               const py::dict& attributes, const std::vector<PlainEvent>& events, const std::vector<PlainLink>& links,
               std::pair<int, std::string> status) {
  const auto sink = signals.sink();
  if (!sink) return;
  const std::string_view all(ids);
  Span span;
  span.scope = {.name = std::move(scope), .version = std::move(version)};
  span.trace_id = id_of<telemetry::TraceId>(all.substr(0, 16));
  span.span_id = id_of<telemetry::SpanId>(all.substr(16, 8));
  span.parent_span_id = id_of<telemetry::SpanId>(all.substr(24));
  span.trace_state = std::move(state);
  span.name = std::move(name);
  span.kind = kind_of(kind);
  span.start = time_of(times.first);
  span.end = time_of(times.second);
  span.attributes = attributes_of(attributes);
  for (const auto& [what, at, facts] : events) {
    if (span.events.size() == kMostEvents) break;
    span.events.push_back({.name = what, .time = time_of(at), .attributes = attributes_of(facts)});
  }
  for (const auto& [trace_id, span_id, facts] : links) {
    span.links.push_back({.trace_id = id_of<telemetry::TraceId>(std::string(trace_id)),
                          .span_id = id_of<telemetry::SpanId>(std::string(span_id)),
                          .attributes = attributes_of(facts)});
  }
  span.status = status_of(status.first);
  span.status_message = std::move(status.second);
  telemetry::tell(*sink, span);
}

void tell_record(const Signals& signals, std::string scope, std::int64_t time, int severity, std::string severity_text,
                 std::string body, const std::string& ids, const py::dict& attributes) {
  const auto sink = signals.sink();
  if (!sink) return;
  telemetry::LogRecord record{.scope = {.name = std::move(scope)},
                              .time = time_of(time),
                              .severity = severity,
                              .severity_text = std::move(severity_text),
                              .body = std::move(body)};
  const std::string_view all(ids);
  if (all.size() == 24) {
    record.trace_id = id_of<telemetry::TraceId>(all.substr(0, 16));
    record.span_id = id_of<telemetry::SpanId>(all.substr(16));
  }
  record.attributes = attributes_of(attributes);
  sink->take(record);
}

// One of Python's instruments. Its series are looked up anew for each value: the host's own keep theirs.
class Instrument {
 public:
  Instrument(std::shared_ptr<telemetry::Metrics> metrics, Metric metric, std::vector<double> bounds)
      : metrics_(std::move(metrics)), metric_(std::move(metric)), bounds_(std::move(bounds)) {
    if (bounds_.empty()) bounds_ = default_bounds();
  }

  // Adds to a sum, measures for a histogram, sets a gauge. In a child that was forked nobody looks, and a
  // lock may be taken for ever.
  void record(double value, const py::dict& attributes) {
    if (!home_.is_here()) return;
    const telemetry::Labels labels = labels_of(attributes);
    switch (metric_.kind) {
      case Metric::Kind::counter:
        if (value < 0) return;
        [[fallthrough]];
      case Metric::Kind::up_down:
        metrics_->sum(metric_, labels).add(value);
        return;
      case Metric::Kind::gauge:
        metrics_->gauge(metric_, labels).set(value);
        return;
      case Metric::Kind::histogram:
        metrics_->histogram(metric_, labels, bounds_).record(value);
    }
  }

  // What a sum has come to, as its owner has counted it.
  void observe(double total, const py::dict& attributes) {
    if (!home_.is_here()) return;
    if (metric_.kind == Metric::Kind::gauge) return record(total, attributes);
    telemetry::Sum& sum = metrics_->sum(metric_, labels_of(attributes));
    sum.add(total - sum.value());
  }

 private:
  // Those that OpenTelemetry has where nobody says otherwise.
  static std::vector<double> default_bounds() {
    return {0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000};
  }

  const HomeProcess home_;
  const std::shared_ptr<telemetry::Metrics> metrics_;
  const Metric metric_;
  std::vector<double> bounds_;
};

Metric::Kind metric_kind(const std::string& name) {
  if (name == "counter") return Metric::Kind::counter;
  if (name == "up_down") return Metric::Kind::up_down;
  return name == "histogram" ? Metric::Kind::histogram : Metric::Kind::gauge;
}

std::unique_ptr<Instrument> instrument(const Signals& signals, const std::string& kind, std::string name,
                                       std::string unit, std::string description,
                                       std::pair<std::string, std::string> scope, std::vector<double> bounds) {
  std::ranges::sort(bounds);
  return std::make_unique<Instrument>(
      signals.metrics(),
      Metric{.name = std::move(name),
             .kind = metric_kind(kind),
             .unit = std::move(unit),
             .help = std::move(description),
             .scope = {.name = std::move(scope.first), .version = std::move(scope.second)}},
      std::move(bounds));
}

// Telemetry of a process that serves nobody.
class OwnSignals {
 public:
  explicit OwnSignals(const Settings& settings)
      : metrics_(std::make_shared<telemetry::Metrics>()), export_(telemetry::open_export(settings, *metrics_)) {
    if (export_) telemetry_ = std::make_shared<telemetry::Telemetry>(settings, export_);
  }
  ~OwnSignals() {
    const py::gil_scoped_release unlocked;
    if (export_) export_->close();
  }
  OwnSignals(const OwnSignals&) = delete;
  OwnSignals& operator=(const OwnSignals&) = delete;

  std::unique_ptr<Signals> signals() const {
    return telemetry_ ? std::make_unique<Signals>(telemetry_, metrics_) : nullptr;
  }
  bool flush(double seconds) const {
    const std::chrono::duration<double> within(seconds);
    return !export_ || export_->flush(std::chrono::duration_cast<std::chrono::milliseconds>(within));
  }

 private:
  const std::shared_ptr<telemetry::Metrics> metrics_;
  std::shared_ptr<telemetry::Export> export_;
  std::shared_ptr<telemetry::Telemetry> telemetry_;
};

std::unique_ptr<OwnSignals> own_signals(std::map<std::string, std::string> variables) {
  auto read =
      server::read_startup({.command_line = std::move(variables), .fallback_name = "agent", .brings_model = true});
  const auto* loaded = std::get_if<Loaded>(&read);
  return std::make_unique<OwnSignals>(loaded != nullptr ? loaded->settings : Settings());
}

}  // namespace

void bind_signals(py::module_& module) {
  py::class_<Instrument>(module, "Instrument")
      .def("record", &Instrument::record, py::arg("value"), py::arg("attributes"))
      .def("observe", &Instrument::observe, py::arg("total"), py::arg("attributes"));
  py::class_<Signals>(module, "Signals", "Where telemetry of Python code goes.")
      .def("span", &tell_span, py::arg("scope"), py::arg("version"), py::arg("ids"), py::arg("state"), py::arg("name"),
           py::arg("kind"), py::arg("times"), py::arg("attributes"), py::arg("events"), py::arg("links"),
           py::arg("status"))
      .def("record", &tell_record, py::arg("scope"), py::arg("time"), py::arg("severity"), py::arg("severity_text"),
           py::arg("body"), py::arg("ids"), py::arg("attributes"))
      .def("instrument", &instrument, py::arg("kind"), py::arg("name"), py::arg("unit"), py::arg("description"),
           py::arg("scope"), py::arg("bounds"))
      .def(
          "keeps",
          [](const Signals& signals, const std::string& trace_id) {
            return signals.keeps(id_of<telemetry::TraceId>(trace_id));
          },
          py::arg("trace_id"), "Whether a trace that begins here is kept.")
      .def_property_readonly("is_open", [](const Signals& signals) { return signals.sink() != nullptr; })
      .def_property_readonly("content", [](const Signals& signals) { return signals.style().content; })
      .def_property_readonly("version", [](const Signals& signals) { return signals.style().version; });
  py::class_<OwnSignals>(module, "OwnSignals", "Telemetry of a process that serves nobody.")
      .def(py::init(&own_signals), py::arg("variables"))
      .def_property_readonly("signals", &OwnSignals::signals)
      .def("flush", &OwnSignals::flush, py::arg("seconds"), WithoutGil());
}

}  // namespace pais::bindings
