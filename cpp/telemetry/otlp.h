// Signals in the words of OTLP: the bodies of its three Export requests.
//
// Plain functions of their arguments. There is one form inside, protobuf, in which everything waits; who wants JSON
// has it made of that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/settings.h"
#include "telemetry/bytes.h"
#include "telemetry/metrics.h"
#include "telemetry/signals.h"

namespace pais::telemetry {

enum class OtlpForm { protobuf, json };

// Who speaks.
struct Source {
  Attributes resource;
  Scope scope;  // of metrics that have none of their own
};

// Spans or log records of one scope: the fields of one ScopeSpans or ScopeLogs, one behind the other.
struct OfScope {
  Scope scope;
  Bytes items = {};
};

// Adds one to them: a `Span` or a `LogRecord`.
void append_item(Bytes& items, std::string_view item);

// One `LogRecord`, within the limits of attribute_writer.h.
Bytes encode(const LogRecord& record);

// The request that brings them, in pieces that follow each other: items may be many, and are not copied.
std::vector<Bytes> encode(const Source& source, std::vector<OfScope> all);
// Sums and histograms count from `begun`.
std::vector<Bytes> encode(const Source& source, std::span<const MetricSnapshot> metrics, Time begun, Time now);

// The same request in the JSON of OTLP: named fields, ids in hexadecimal, 64-bit numbers as text.
std::string to_json(Signal signal, std::string_view request);

// What a collector answers to a request that it took in part.
struct PartialSuccess {
  std::int64_t rejected = 0;
  std::string message = {};
};

// Of the body of a successful answer, in the form that was sent; bytes that are not one tell of nothing.
PartialSuccess read_partial_success(OtlpForm form, Signal signal, std::string_view body);

}  // namespace pais::telemetry
