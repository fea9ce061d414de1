#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

#include "protozero/pbf_reader.hpp"

#include "base/json_text.h"
#include "telemetry/otlp.h"

// What the fields of the messages are called, in the order of their numbers.
namespace pais::telemetry {
namespace {

enum class Form { text, id, flag, small, fixed32, int64, fixed64, sfixed64, number, fixed64s, numbers, message };

struct Field;
using Fields = std::span<const Field>;

struct Field {
  std::uint32_t number;
  const char* name;
  Form form;
  bool is_list = false;
  Fields (*fields)() = nullptr;  // of a message
};

Fields any_value();

Fields array_value() {
  static constexpr std::array kFields = {Field{1, "values", Form::message, true, any_value}};
  return kFields;
}

Fields any_value() {
  static constexpr std::array kFields = {Field{1, "stringValue", Form::text}, Field{2, "boolValue", Form::flag},
                                         Field{3, "intValue", Form::int64}, Field{4, "doubleValue", Form::number},
                                         Field{5, "arrayValue", Form::message, false, array_value}};
  return kFields;
}

Fields key_value() {
  static constexpr std::array kFields = {Field{1, "key", Form::text},
                                         Field{2, "value", Form::message, false, any_value}};
  return kFields;
}

Fields resource() {
  static constexpr std::array kFields = {Field{1, "attributes", Form::message, true, key_value}};
  return kFields;
}

Fields scope() {
  static constexpr std::array kFields = {Field{1, "name", Form::text}, Field{2, "version", Form::text}};
  return kFields;
}

Fields span_event() {
  static constexpr std::array kFields = {Field{1, "timeUnixNano", Form::fixed64}, Field{2, "name", Form::text},
                                         Field{3, "attributes", Form::message, true, key_value},
                                         Field{4, "droppedAttributesCount", Form::small}};
  return kFields;
}

Fields span_link() {
  static constexpr std::array kFields = {Field{1, "traceId", Form::id}, Field{2, "spanId", Form::id},
                                         Field{4, "attributes", Form::message, true, key_value},
                                         Field{5, "droppedAttributesCount", Form::small}};
  return kFields;
}

Fields span_status() {
  static constexpr std::array kFields = {Field{2, "message", Form::text}, Field{3, "code", Form::small}};
  return kFields;
}

Fields one_span() {
  static constexpr std::array kFields = {Field{1, "traceId", Form::id},
                                         Field{2, "spanId", Form::id},
                                         Field{3, "traceState", Form::text},
                                         Field{4, "parentSpanId", Form::id},
                                         Field{5, "name", Form::text},
                                         Field{6, "kind", Form::small},
                                         Field{7, "startTimeUnixNano", Form::fixed64},
                                         Field{8, "endTimeUnixNano", Form::fixed64},
                                         Field{9, "attributes", Form::message, true, key_value},
                                         Field{10, "droppedAttributesCount", Form::small},
                                         Field{11, "events", Form::message, true, span_event},
                                         Field{12, "droppedEventsCount", Form::small},
                                         Field{13, "links", Form::message, true, span_link},
                                         Field{14, "droppedLinksCount", Form::small},
                                         Field{15, "status", Form::message, false, span_status},
                                         Field{16, "flags", Form::fixed32}};
  return kFields;
}

Fields log_record() {
  static constexpr std::array kFields = {Field{1, "timeUnixNano", Form::fixed64},
                                         Field{2, "severityNumber", Form::small},
                                         Field{3, "severityText", Form::text},
                                         Field{5, "body", Form::message, false, any_value},
                                         Field{6, "attributes", Form::message, true, key_value},
                                         Field{7, "droppedAttributesCount", Form::small},
                                         Field{9, "traceId", Form::id},
                                         Field{10, "spanId", Form::id},
                                         Field{11, "observedTimeUnixNano", Form::fixed64}};
  return kFields;
}

Fields exemplar() {
  static constexpr std::array kFields = {Field{2, "timeUnixNano", Form::fixed64}, Field{3, "asDouble", Form::number},
                                         Field{4, "spanId", Form::id}, Field{5, "traceId", Form::id}};
  return kFields;
}

Fields number_point() {
  static constexpr std::array kFields = {Field{2, "startTimeUnixNano", Form::fixed64},
                                         Field{3, "timeUnixNano", Form::fixed64}, Field{4, "asDouble", Form::number},
                                         Field{6, "asInt", Form::sfixed64},
                                         Field{7, "attributes", Form::message, true, key_value}};
  return kFields;
}

Fields histogram_point() {
  static constexpr std::array kFields = {Field{2, "startTimeUnixNano", Form::fixed64},
                                         Field{3, "timeUnixNano", Form::fixed64},
                                         Field{4, "count", Form::fixed64},
                                         Field{5, "sum", Form::number},
                                         Field{6, "bucketCounts", Form::fixed64s, true},
                                         Field{7, "explicitBounds", Form::numbers, true},
                                         Field{8, "exemplars", Form::message, true, exemplar},
                                         Field{9, "attributes", Form::message, true, key_value}};
  return kFields;
}

Fields gauge() {
  static constexpr std::array kFields = {Field{1, "dataPoints", Form::message, true, number_point}};
  return kFields;
}

Fields sum() {
  static constexpr std::array kFields = {Field{1, "dataPoints", Form::message, true, number_point},
                                         Field{2, "aggregationTemporality", Form::small},
                                         Field{3, "isMonotonic", Form::flag}};
  return kFields;
}

Fields histogram() {
  static constexpr std::array kFields = {Field{1, "dataPoints", Form::message, true, histogram_point},
                                         Field{2, "aggregationTemporality", Form::small}};
  return kFields;
}

Fields one_metric() {
  static constexpr std::array kFields = {Field{1, "name", Form::text},
                                         Field{2, "description", Form::text},
                                         Field{3, "unit", Form::text},
                                         Field{5, "gauge", Form::message, false, gauge},
                                         Field{7, "sum", Form::message, false, sum},
                                         Field{9, "histogram", Form::message, false, histogram}};
  return kFields;
}

// What differs between the requests of the signals: the names, and what they bring.
struct TracesWords {
  static constexpr const char* kResources = "resourceSpans";
  static constexpr const char* kScopes = "scopeSpans";
  static constexpr const char* kItems = "spans";
  static constexpr Fields (*kItem)() = one_span;
};
struct LogsWords {
  static constexpr const char* kResources = "resourceLogs";
  static constexpr const char* kScopes = "scopeLogs";
  static constexpr const char* kItems = "logRecords";
  static constexpr Fields (*kItem)() = log_record;
};
struct MetricsWords {
  static constexpr const char* kResources = "resourceMetrics";
  static constexpr const char* kScopes = "scopeMetrics";
  static constexpr const char* kItems = "metrics";
  static constexpr Fields (*kItem)() = one_metric;
};

template <typename Words>
Fields of_scope() {
  static constexpr std::array kFields = {Field{1, "scope", Form::message, false, scope},
                                         Field{2, Words::kItems, Form::message, true, Words::kItem}};
  return kFields;
}

template <typename Words>
Fields of_resource() {
  static constexpr std::array kFields = {Field{1, "resource", Form::message, false, resource},
                                         Field{2, Words::kScopes, Form::message, true, of_scope<Words>}};
  return kFields;
}

template <typename Words>
Fields request() {
  static constexpr std::array kFields = {Field{1, Words::kResources, Form::message, true, of_resource<Words>}};
  return kFields;
}

// ------------------------------------------------------------------------------------------- values

void append_number(std::string& out, double value) {
  if (std::isnan(value)) return void(out += "\"NaN\"");
  if (std::isinf(value)) return void(out += value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
  std::array<char, 32> digits{};
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
}

void append_digits(std::string& out, auto value) {
  out.append("\"").append(std::to_string(value)).append("\"");
}

void append_id(std::string& out, std::string_view id) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += '"';
  for (const char byte : id) {
    out += kDigits[static_cast<unsigned char>(byte) >> 4U];
    out += kDigits[static_cast<unsigned char>(byte) & 15U];
  }
  out += '"';
}

void append_all(std::string& out, const auto& values, auto append) {
  bool is_first = true;
  for (const auto value : values) {
    if (!std::exchange(is_first, false)) out += ',';
    append(out, value);
  }
}

std::string_view bytes_in(protozero::pbf_reader& reader) {
  const auto view = reader.get_view();
  return {view.data(), view.size()};
}

void append_message(std::string& out, std::string_view bytes, Fields fields);

void append_value(std::string& out, protozero::pbf_reader& reader, const Field& field) {
  switch (field.form) {
    case Form::text:
      return append_json_string(out, bytes_in(reader));
    case Form::id:
      return append_id(out, bytes_in(reader));
    case Form::flag:
      return void(out += reader.get_bool() ? "true" : "false");
    case Form::small:
      return void(out += std::to_string(reader.get_uint32()));
    case Form::fixed32:
      return void(out += std::to_string(reader.get_fixed32()));
    case Form::int64:
      return append_digits(out, reader.get_int64());
    case Form::fixed64:
      return append_digits(out, reader.get_fixed64());
    case Form::sfixed64:
      return append_digits(out, reader.get_sfixed64());
    case Form::number:
      return append_number(out, reader.get_double());
    case Form::fixed64s:
      return append_all(out, reader.get_packed_fixed64(),
                        [](std::string& to, std::uint64_t v) { append_digits(to, v); });
    case Form::numbers:
      return append_all(out, reader.get_packed_double(), [](std::string& to, double v) { append_number(to, v); });
    case Form::message:
      return append_message(out, bytes_in(reader), field.fields());
  }
}

void append_message(std::string& out, std::string_view bytes, Fields fields) {
  out += '{';
  bool is_empty = true;
  for (const Field& field : fields) {
    protozero::pbf_reader reader(bytes.data(), bytes.size());
    bool is_there = false;
    while (reader.next(field.number)) {
      if (std::exchange(is_there, true)) {
        out += ',';
      } else {
        out.append(std::exchange(is_empty, false) ? "\"" : ",\"")
            .append(field.name)
            .append(field.is_list ? "\":[" : "\":");
      }
      append_value(out, reader, field);
    }
    if (is_there && field.is_list) out += ']';
  }
  out += '}';
}

}  // namespace

std::string to_json(Signal signal, std::string_view body) {
  std::string out;
  switch (signal) {
    case Signal::traces:
      append_message(out, body, request<TracesWords>());
      break;
    case Signal::logs:
      append_message(out, body, request<LogsWords>());
      break;
    case Signal::metrics:
      append_message(out, body, request<MetricsWords>());
  }
  return out;
}

}  // namespace pais::telemetry
