// Signals in the words of OTLP: the bodies of its three Export requests, as protobuf or as JSON.
//
// Plain functions of their arguments. Text that is not UTF-8 is repaired on the way, since a collector would refuse the
// whole request for it; of attributes, events and links beyond kMostOfAKind the number is told.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/settings.h"
#include "telemetry/metrics.h"
#include "telemetry/signals.h"

namespace pais::telemetry {

enum class OtlpForm { protobuf, json };

inline constexpr std::size_t kMostOfAKind = 128;

// Who speaks.
struct Source {
  Attributes resource;
  Scope scope;  // of metrics that have none of their own
};

std::string encode(OtlpForm form, const Source& source, std::span<const Span> spans);
std::string encode(OtlpForm form, const Source& source, std::span<const LogRecord> records);
// Sums and histograms count from `begun`.
std::string encode(OtlpForm form, const Source& source, std::span<const MetricSnapshot> metrics, Time begun, Time now);

// What a collector answers to a request that it took in part.
struct PartialSuccess {
  std::int64_t rejected = 0;
  std::string message = {};
};

// Of the body of a successful answer, in the form that was sent; bytes that are not one tell of nothing.
PartialSuccess read_partial_success(OtlpForm form, Signal signal, std::string_view body);

}  // namespace pais::telemetry
