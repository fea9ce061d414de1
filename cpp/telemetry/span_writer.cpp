#include "telemetry/span_writer.h"

#include <algorithm>
#include <utility>

#include "telemetry/otlp_protobuf.h"

// The numbers are those of opentelemetry-proto 1.x.
namespace pais::telemetry {
namespace {

constexpr std::size_t kUsualSize = 1536;
constexpr std::size_t kMostSpare = 16 * 1024;

// The room of the span that this thread has told last, for its next one: malloc takes its time over blocks of that
// size.
thread_local Bytes spare_room;

constexpr std::uint32_t kSampled = 1;  // of the flags of a span: what is not kept is never told

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

}  // namespace

SpanWriter::SpanWriter(const TraceContext& place, const SpanId& parent, std::string_view name, Kind kind, Time start)
    : trace_id_(place.trace_id),
      span_id_(place.span_id),
      start_(start),
      attributes_(kAttributes, std::exchange(spare_room, Bytes())) {
  attributes_.message().reserve(kUsualSize);
  ProtobufMessage m(attributes_.message());
  m.id(1, trace_id_);
  m.id(2, span_id_);
  m.text(3, place.state);
  m.id(4, parent);
  m.text(5, name);
  m.small(6, number_of(kind));
  m.fixed64(7, nanoseconds(start));
}

void SpanWriter::event(std::string_view name, Time at, const AttributeWriter& attributes) {
  if (++events_ > kMostOfAKind) return;
  ProtobufMessage(attributes_.message()).message(11, [&](ProtobufMessage& event) {
    event.fixed64(1, nanoseconds(at));
    event.text(2, name);
    event.written(attributes.bytes());
    event.small(4, attributes.left_out());
  });
}

void SpanWriter::link(const TraceId& trace_id, const SpanId& span_id, const AttributeWriter& attributes) {
  if (++links_ > kMostOfAKind) return;
  ProtobufMessage(attributes_.message()).message(13, [&](ProtobufMessage& link) {
    link.id(1, trace_id);
    link.id(2, span_id);
    link.written(attributes.bytes());
    link.small(5, attributes.left_out());
  });
}

void SpanWriter::status(Status status, std::string_view message) {
  if (status == Status::unset) return;
  ProtobufMessage(attributes_.message()).message(15, [&](ProtobufMessage& inner) {
    inner.text(2, beginning_of(message));
    inner.small(3, number_of(status));
  });
}

void SpanWriter::tell(SignalSink& sink, const Scope& scope, Time at) {
  constexpr auto kMost = static_cast<std::uint32_t>(kMostOfAKind);
  ProtobufMessage m(attributes_.message());
  m.fixed64(8, nanoseconds(at));
  m.small(10, attributes_.left_out());
  m.small(12, std::max(events_, kMost) - kMost);
  m.small(14, std::max(links_, kMost) - kMost);
  m.fixed32(16, kSampled);
  sink.take(scope, attributes_.bytes());
  if (attributes_.message().capacity() <= kMostSpare) spare_room = std::move(attributes_.message());
}

void tell(SignalSink& sink, const Span& span) {
  const TraceContext place{.trace_id = span.trace_id, .span_id = span.span_id, .state = span.trace_state};
  SpanWriter writer(place, span.parent_span_id, span.name, span.kind, span.start);
  writer.attributes().add(span.attributes);
  for (const Span::Event& event : span.events) {
    writer.event(event.name, event.time, {SpanWriter::kEventAttributes, event.attributes});
  }
  for (const Span::Link& link : span.links) {
    writer.link(link.trace_id, link.span_id, {SpanWriter::kLinkAttributes, link.attributes});
  }
  writer.status(span.status, span.status_message);
  writer.tell(sink, span.scope, span.end);
}

}  // namespace pais::telemetry
