#include "telemetry/otlp.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "telemetry/attribute_writer.h"
#include "telemetry/otlp_protobuf.h"

// The messages are written down here with the numbers of opentelemetry-proto 1.x, which are the same for spans and for
// log records as far as both have them.
namespace pais::telemetry {
namespace {

constexpr std::uint32_t kCumulative = 2;
constexpr std::uint32_t kItems = 2;  // of ScopeSpans and its kin, and these of ResourceSpans and its kin

void write_labels(ProtobufMessage& m, std::uint32_t field, const Labels& labels) {
  AttributeWriter attributes(field);
  for (const auto& [key, value] : labels) attributes.text(key, value);
  m.written(attributes.bytes());
}

Bytes encoded(const Scope& scope) {
  Bytes out;
  ProtobufMessage(out).message(1, [&](ProtobufMessage& inner) {
    inner.text(1, scope.name);
    inner.text(2, scope.version);
  });
  return out;
}

struct Moments {
  Time begun;
  Time now;
};

void write_exemplar(ProtobufMessage& m, const Exemplar& exemplar) {
  m.fixed64(2, nanoseconds(exemplar.time));
  m.always_number(3, exemplar.value);
  m.id(4, exemplar.span_id);
  m.id(5, exemplar.trace_id);
}

void write_histogram_point(ProtobufMessage& m, const MetricSnapshot::Point& point, const Moments& moments) {
  const auto& snapshot = std::get<Histogram::Snapshot>(point.value);
  std::vector<Exemplar> exemplars;
  for (const auto& each : snapshot.exemplars) {
    if (each) exemplars.push_back(*each);
  }
  m.fixed64(2, nanoseconds(moments.begun));
  m.fixed64(3, nanoseconds(moments.now));
  m.fixed64(4, snapshot.count);
  m.always_number(5, snapshot.sum);
  m.fixed64s(6, snapshot.counts);
  m.numbers(7, snapshot.bounds);
  m.messages(8, exemplars, [](ProtobufMessage& each, const Exemplar& exemplar) { write_exemplar(each, exemplar); });
  write_labels(m, 9, point.labels);
}

void write_number_point(ProtobufMessage& m, const MetricSnapshot::Point& point, const Moments& moments, bool is_sum) {
  if (is_sum) m.fixed64(2, nanoseconds(moments.begun));
  m.fixed64(3, nanoseconds(moments.now));
  if (const auto* whole = std::get_if<std::uint64_t>(&point.value)) {
    m.always_sfixed64(6, static_cast<std::int64_t>(*whole));
  } else {
    m.always_number(4, std::get<double>(point.value));
  }
  write_labels(m, 7, point.labels);
}

void write(ProtobufMessage& m, const MetricSnapshot& snapshot, const Moments& moments) {
  using Kind = Metric::Kind;
  const Metric& metric = snapshot.metric;
  const auto write_numbers = [&](ProtobufMessage& data, bool is_sum) {
    data.messages(1, snapshot.points,
                  [&](ProtobufMessage& one, const auto& point) { write_number_point(one, point, moments, is_sum); });
  };
  m.text(1, metric.name);
  m.text(2, metric.help);
  m.text(3, metric.unit);
  switch (metric.kind) {
    case Kind::gauge:
      m.message(5, [&](ProtobufMessage& gauge) { write_numbers(gauge, false); });
      return;
    case Kind::counter:
    case Kind::up_down:
      m.message(7, [&](ProtobufMessage& sum) {
        write_numbers(sum, true);
        sum.small(2, kCumulative);
        sum.flag(3, metric.kind == Kind::counter);
      });
      return;
    case Kind::histogram:
      m.message(9, [&](ProtobufMessage& histogram) {
        histogram.messages(1, snapshot.points, [&](ProtobufMessage& one, const auto& point) {
          write_histogram_point(one, point, moments);
        });
        histogram.small(2, kCumulative);
      });
  }
}

}  // namespace

void append_item(Bytes& items, std::string_view item) {
  append_bytes(items, kItems, item);
}

Bytes encode(const LogRecord& record) {
  AttributeWriter attributes(6, record.attributes);
  if (record.body.size() > kLongestValue) attributes.flag("body.truncated", true);
  Bytes out;
  ProtobufMessage m(out);
  m.fixed64(1, nanoseconds(record.time));
  m.small(2, static_cast<std::uint32_t>(std::clamp(record.severity, 0, 24)));
  m.text(3, record.severity_text);
  m.message(5, [&](ProtobufMessage& body) { body.always_text(1, beginning_of(record.body)); });
  m.written(attributes.bytes());
  m.small(7, attributes.left_out());
  m.id(9, record.trace_id);
  m.id(10, record.span_id);
  m.fixed64(11, nanoseconds(record.time));
  return out;
}

// What stands before the items of each says how many bytes follow, so all is measured first.
std::vector<Bytes> encode(const Source& source, std::vector<OfScope> all) {
  const AttributeWriter attributes(1, source.resource);
  std::size_t size = size_of_bytes(1, attributes.bytes().size());
  std::vector<Bytes> scopes;
  for (const OfScope& each : all) {
    scopes.push_back(encoded(each.scope));
    size += size_of_bytes(kItems, scopes.back().size() + each.items.size());
  }
  std::vector<Bytes> pieces;
  Bytes opening;
  open_bytes(opening, 1, size);
  append_bytes(opening, 1, attributes.bytes());
  for (std::size_t i = 0; i < all.size(); ++i) {
    open_bytes(opening, kItems, scopes[i].size() + all[i].items.size());
    opening.append(scopes[i].view());
    pieces.push_back(std::exchange(opening, Bytes()));
    pieces.push_back(std::move(all[i].items));
  }
  return pieces;
}

std::vector<Bytes> encode(const Source& source, std::span<const MetricSnapshot> metrics, Time begun, Time now) {
  const Moments moments{begun, now};
  std::vector<OfScope> all;
  for (const MetricSnapshot& each : metrics) {
    const Scope& scope = each.metric.scope.name.empty() ? source.scope : each.metric.scope;
    auto known = std::ranges::find(all, scope, &OfScope::scope);
    if (known == all.end()) known = all.insert(known, {.scope = scope});
    ProtobufMessage(known->items).message(kItems, [&](ProtobufMessage& m) { write(m, each, moments); });
  }
  return encode(source, std::move(all));
}

}  // namespace pais::telemetry
