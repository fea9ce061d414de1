// A span that is being told: the bytes that OTLP has for it, written as what happens in it happens.
//
// There is no other form of a span in the process: what is told here is what is queued and sent, and nothing of it is
// encoded a second time. The limits are those of AttributeWriter. For one thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "telemetry/attribute_writer.h"
#include "telemetry/signals.h"
#include "telemetry/trace_context.h"

namespace pais::telemetry {

class SpanWriter {
 public:
  using Kind = Span::Kind;
  using Status = Span::Status;

  // `place` is the span's own: its trace, its id, and the state of the trace. `parent` none: a root.
  SpanWriter(const TraceContext& place, const SpanId& parent, std::string_view name, Kind kind, Time start);

  AttributeWriter& attributes() { return attributes_; }
  const TraceId& trace_id() const { return trace_id_; }
  const SpanId& span_id() const { return span_id_; }
  Time start() const { return start_; }

  void event(std::string_view name, Time at, const AttributeWriter& attributes);
  // The numbers that attributes have: a span's own, those of its events and of its links.
  static constexpr std::uint32_t kAttributes = 9;
  static constexpr std::uint32_t kEventAttributes = 3;
  static constexpr std::uint32_t kLinkAttributes = 4;
  void link(const TraceId& trace_id, const SpanId& span_id, const AttributeWriter& attributes);
  void status(Status status, std::string_view message);

  // Ends the span: nothing is written after it.
  void tell(SignalSink& sink, const Scope& scope, Time at);

 private:
  TraceId trace_id_;
  SpanId span_id_;
  Time start_;
  std::uint32_t events_ = 0;
  std::uint32_t links_ = 0;
  AttributeWriter attributes_;  // and in its message the rest
};

// For who has the whole span at hand.
void tell(SignalSink& sink, const Span& span);

}  // namespace pais::telemetry
