// W3C Trace Context: the trace that a request belongs to, as its headers say it and as ours say it on.
//
// Plain functions of their arguments. What the recommendation calls invalid names no trace: the request is then the
// first of a new one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/message.h"
#include "telemetry/signals.h"

namespace pais::telemetry {

struct TraceContext {
  TraceId trace_id{};
  SpanId span_id{};
  std::uint8_t flags = 0;
  std::string state = {};  // the value of `tracestate`

  static constexpr std::uint8_t kSampled = 0x01;

  bool valid() const { return trace_id != TraceId{} && span_id != SpanId{}; }
  bool sampled() const { return (flags & kSampled) != 0; }
};

// Of all headers of a request: two of `traceparent` name no trace, several of `tracestate` are one list. A list that
// is not well-formed, or has more than 32 members, is dropped; the trace is not.
TraceContext read_trace_context(const http::Headers& headers);

// Of one header's value.
TraceContext read_traceparent(std::string_view value);
// The list, its members tidied and nothing else; "" for one that is no good.
std::string read_tracestate(std::string_view value);

std::string write_traceparent(const TraceContext& context);

std::string hex(const TraceId& id);
std::string hex(const SpanId& id);

// Random ones, never all zero. From any thread, without a lock.
TraceId new_trace_id();
SpanId new_span_id();

}  // namespace pais::telemetry
