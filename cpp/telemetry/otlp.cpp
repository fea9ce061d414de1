#include "telemetry/otlp.h"

#include <algorithm>

#include "telemetry/otlp_json.h"
#include "telemetry/otlp_protobuf.h"

// The messages are written down once, with the numbers and the names of opentelemetry-proto 1.x; `M` is the form that
// they take.
namespace pais::telemetry {
namespace {

constexpr std::uint32_t kCumulative = 2;
constexpr std::uint32_t kSampled = 1;  // of the flags of a span: what is not kept is never exported

std::uint64_t nanoseconds(Time time) {
  const auto since = std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
  return since < 0 ? 0 : static_cast<std::uint64_t>(since);
}

template <typename M>
struct ValueWriter {
  M& m;
  void operator()(bool value) const { m.always_flag(2, "boolValue", value); }
  void operator()(std::int64_t value) const { m.always_int(3, "intValue", value); }
  void operator()(double value) const { m.always_number(4, "doubleValue", value); }
  void operator()(const std::string& value) const { m.always_text(1, "stringValue", value); }
  void operator()(const std::vector<std::string>& values) const {
    m.message(5, "arrayValue", [&](M& array) {
      array.messages(1, "values", values, [](M& one, const std::string& value) { ValueWriter{one}(value); });
    });
  }
};

template <typename List>
std::span<const typename List::value_type> first_ones(const List& list) {
  return std::span(list).first(std::min(list.size(), kMostOfAKind));
}

template <typename List>
std::uint32_t beyond_them(const List& list) {
  return static_cast<std::uint32_t>(list.size() - first_ones(list).size());
}

template <typename M>
void write_attributes(M& m, std::uint32_t field, std::span<const std::pair<std::string, Value>> attributes) {
  m.messages(field, "attributes", attributes, [](M& pair, const auto& attribute) {
    pair.text(1, "key", attribute.first);
    pair.message(2, "value", [&](M& value) { std::visit(ValueWriter<M>{value}, attribute.second); });
  });
}

template <typename M>
void write_limited(M& m, std::uint32_t field, std::uint32_t dropped_field, const Attributes& attributes) {
  write_attributes(m, field, first_ones(attributes));
  m.small(dropped_field, "droppedAttributesCount", beyond_them(attributes));
}

template <typename M>
void write_labels(M& m, std::uint32_t field, const Labels& labels) {
  m.messages(field, "attributes", labels, [](M& pair, const auto& label) {
    pair.text(1, "key", label.first);
    pair.message(2, "value", [&](M& value) { value.always_text(1, "stringValue", label.second); });
  });
}

template <typename M>
void write_resource(M& m, const Source& source) {
  m.message(1, "resource", [&](M& resource) { write_attributes(resource, 1, source.resource); });
}

template <typename M>
void write_scope(M& m, const Scope& scope) {
  m.message(1, "scope", [&](M& inner) {
    inner.text(1, "name", scope.name);
    inner.text(2, "version", scope.version);
  });
}

std::uint32_t number_of(Span::Kind kind) {
  switch (kind) {
    case Span::Kind::server:
      return 2;
    case Span::Kind::client:
      return 3;
    case Span::Kind::internal:
      break;
  }
  return 1;
}

std::uint32_t number_of(Span::Status status) {
  switch (status) {
    case Span::Status::ok:
      return 1;
    case Span::Status::error:
      return 2;
    case Span::Status::unset:
      break;
  }
  return 0;
}

template <typename M>
void write_event(M& m, const Span::Event& event) {
  m.fixed64(1, "timeUnixNano", nanoseconds(event.time));
  m.text(2, "name", event.name);
  write_limited(m, 3, 4, event.attributes);
}

template <typename M>
void write_link(M& m, const Span::Link& link) {
  m.id(1, "traceId", link.trace_id);
  m.id(2, "spanId", link.span_id);
  write_limited(m, 4, 5, link.attributes);
}

template <typename M>
void write(M& m, const Span& span) {
  m.id(1, "traceId", span.trace_id);
  m.id(2, "spanId", span.span_id);
  m.text(3, "traceState", span.trace_state);
  m.id(4, "parentSpanId", span.parent_span_id);
  m.text(5, "name", span.name);
  m.small(6, "kind", number_of(span.kind));
  m.fixed64(7, "startTimeUnixNano", nanoseconds(span.start));
  m.fixed64(8, "endTimeUnixNano", nanoseconds(span.end));
  write_limited(m, 9, 10, span.attributes);
  m.messages(11, "events", first_ones(span.events),
             [](M& each, const Span::Event& event) { write_event(each, event); });
  m.small(12, "droppedEventsCount", beyond_them(span.events));
  m.messages(13, "links", first_ones(span.links), [](M& each, const Span::Link& link) { write_link(each, link); });
  m.small(14, "droppedLinksCount", beyond_them(span.links));
  if (span.status != Span::Status::unset) {
    m.message(15, "status", [&](M& status) {
      status.text(2, "message", span.status_message);
      status.small(3, "code", number_of(span.status));
    });
  }
  m.fixed32(16, "flags", kSampled);
}

template <typename M>
void write(M& m, const LogRecord& record) {
  m.fixed64(1, "timeUnixNano", nanoseconds(record.time));
  m.small(2, "severityNumber", static_cast<std::uint32_t>(std::clamp(record.severity, 0, 24)));
  m.text(3, "severityText", record.severity_text);
  m.message(5, "body", [&](M& body) { body.always_text(1, "stringValue", record.body); });
  write_limited(m, 6, 7, record.attributes);
  m.id(9, "traceId", record.trace_id);
  m.id(10, "spanId", record.span_id);
  m.fixed64(11, "observedTimeUnixNano", nanoseconds(record.time));
}

struct Moments {
  Time begun;
  Time now;
};

template <typename M>
void write_exemplar(M& m, const Exemplar& exemplar) {
  m.fixed64(2, "timeUnixNano", nanoseconds(exemplar.time));
  m.always_number(3, "asDouble", exemplar.value);
  m.id(4, "spanId", exemplar.span_id);
  m.id(5, "traceId", exemplar.trace_id);
}

template <typename M>
void write_histogram_point(M& m, const MetricSnapshot::Point& point, const Moments& moments) {
  const auto& snapshot = std::get<Histogram::Snapshot>(point.value);
  std::vector<Exemplar> exemplars;
  for (const auto& each : snapshot.exemplars) {
    if (each) exemplars.push_back(*each);
  }
  m.fixed64(2, "startTimeUnixNano", nanoseconds(moments.begun));
  m.fixed64(3, "timeUnixNano", nanoseconds(moments.now));
  m.fixed64(4, "count", snapshot.count);
  m.always_number(5, "sum", snapshot.sum);
  m.fixed64s(6, "bucketCounts", snapshot.counts);
  m.numbers(7, "explicitBounds", snapshot.bounds);
  m.messages(8, "exemplars", exemplars, [](M& each, const Exemplar& exemplar) { write_exemplar(each, exemplar); });
  write_labels(m, 9, point.labels);
}

template <typename M>
void write_number_point(M& m, const MetricSnapshot::Point& point, const Moments& moments, bool is_sum) {
  if (is_sum) m.fixed64(2, "startTimeUnixNano", nanoseconds(moments.begun));
  m.fixed64(3, "timeUnixNano", nanoseconds(moments.now));
  if (const auto* whole = std::get_if<std::uint64_t>(&point.value)) {
    m.always_sfixed64(6, "asInt", static_cast<std::int64_t>(*whole));
  } else {
    m.always_number(4, "asDouble", std::get<double>(point.value));
  }
  write_labels(m, 7, point.labels);
}

template <typename M>
void write(M& m, const MetricSnapshot& snapshot, const Moments& moments) {
  using Kind = Metric::Kind;
  const Metric& metric = snapshot.metric;
  const auto write_numbers = [&](M& data, bool is_sum) {
    data.messages(1, "dataPoints", snapshot.points,
                  [&](M& one, const auto& point) { write_number_point(one, point, moments, is_sum); });
  };
  m.text(1, "name", metric.name);
  m.text(2, "description", metric.help);
  m.text(3, "unit", metric.unit);
  switch (metric.kind) {
    case Kind::gauge:
      m.message(5, "gauge", [&](M& gauge) { write_numbers(gauge, false); });
      return;
    case Kind::counter:
    case Kind::up_down:
      m.message(7, "sum", [&](M& sum) {
        write_numbers(sum, true);
        sum.small(2, "aggregationTemporality", kCumulative);
        sum.flag(3, "isMonotonic", metric.kind == Kind::counter);
      });
      return;
    case Kind::histogram:
      m.message(9, "histogram", [&](M& histogram) {
        histogram.messages(1, "dataPoints", snapshot.points,
                           [&](M& one, const auto& point) { write_histogram_point(one, point, moments); });
        histogram.small(2, "aggregationTemporality", kCumulative);
      });
  }
}

bool same(const Scope& a, const Scope& b) {
  return a.name == b.name && a.version == b.version;
}

template <typename Item>
struct OfScope {
  const Scope* scope;
  std::vector<const Item*> items;
};

template <typename Item, typename ScopeOf>
std::vector<OfScope<Item>> by_scope(std::span<const Item> items, ScopeOf scope_of) {
  std::vector<OfScope<Item>> groups;
  for (const Item& item : items) {
    const Scope& scope = scope_of(item);
    auto known = std::ranges::find_if(groups, [&](const auto& group) { return same(*group.scope, scope); });
    if (known == groups.end()) known = groups.insert(known, {&scope, {}});
    known->items.push_back(&item);
  }
  return groups;
}

// What the requests call their parts.
struct Words {
  const char* resources;
  const char* scopes;
  const char* items;
};

template <typename M, typename Item, typename ScopeOf, typename Write>
void write_request(std::string& out, const Words& words, const Source& source, std::span<const Item> items,
                   ScopeOf scope_of, Write write_item) {
  const auto groups = by_scope(items, scope_of);
  const auto write_group = [&](M& m, const OfScope<Item>& group) {
    write_scope(m, *group.scope);
    m.messages(2, words.items, group.items, [&](M& one, const Item* item) { write_item(one, *item); });
  };
  const auto write_all = [&](M& m, const Source& who) {
    write_resource(m, who);
    m.messages(2, words.scopes, groups, write_group);
  };
  M request(out);
  request.messages(1, words.resources, std::span(&source, 1), write_all);
}

// In the form that is asked for, what `write` writes in either.
template <typename Write>
std::string in(OtlpForm form, Write write) {
  std::string out;
  if (form == OtlpForm::json) {
    write.template operator()<JsonMessage>(out);
  } else {
    write.template operator()<ProtobufMessage>(out);
  }
  return out;
}

template <typename Item>
const Scope& own_scope(const Item& item) {
  return item.scope;
}

}  // namespace

std::string encode(OtlpForm form, const Source& source, std::span<const Span> spans) {
  return in(form, [&]<typename M>(std::string& out) {
    write_request<M>(out, {"resourceSpans", "scopeSpans", "spans"}, source, spans, own_scope<Span>,
                     [](M& m, const Span& span) { write(m, span); });
  });
}

std::string encode(OtlpForm form, const Source& source, std::span<const LogRecord> records) {
  return in(form, [&]<typename M>(std::string& out) {
    write_request<M>(out, {"resourceLogs", "scopeLogs", "logRecords"}, source, records, own_scope<LogRecord>,
                     [](M& m, const LogRecord& record) { write(m, record); });
  });
}

std::string encode(OtlpForm form, const Source& source, std::span<const MetricSnapshot> metrics, Time begun, Time now) {
  const Moments moments{begun, now};
  const auto scope_of = [&](const MetricSnapshot& each) -> const Scope& {
    return each.metric.scope.name.empty() ? source.scope : each.metric.scope;
  };
  return in(form, [&]<typename M>(std::string& out) {
    write_request<M>(out, {"resourceMetrics", "scopeMetrics", "metrics"}, source, metrics, scope_of,
                     [&](M& m, const MetricSnapshot& each) { write(m, each, moments); });
  });
}

}  // namespace pais::telemetry
