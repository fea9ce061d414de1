// Spans as values again, of the bytes that a SpanWriter makes.
#pragma once

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "protozero/pbf_reader.hpp"

#include "telemetry/signals.h"

namespace pais::telemetry {

inline Value read_value(protozero::pbf_reader any) {
  Value value;
  while (any.next()) {
    switch (any.tag()) {
      case 1:
        value = any.get_string();
        break;
      case 2:
        value = any.get_bool();
        break;
      case 3:
        value = any.get_int64();
        break;
      case 4:
        value = any.get_double();
        break;
      default: {
        std::vector<std::string> texts;
        for (protozero::pbf_reader list = any.get_message(); list.next(1);) {
          texts.push_back(std::get<std::string>(read_value(list.get_message())));
        }
        value = std::move(texts);
      }
    }
  }
  return value;
}

inline Attributes::value_type read_attribute(protozero::pbf_reader pair) {
  Attributes::value_type attribute;
  while (pair.next()) {
    if (pair.tag() == 1) {
      attribute.first = pair.get_string();
    } else {
      attribute.second = read_value(pair.get_message());
    }
  }
  return attribute;
}

template <typename Id>
Id read_id(protozero::pbf_reader& message) {
  Id id{};
  const std::string bytes = message.get_bytes();
  std::copy_n(bytes.begin(), std::min(bytes.size(), id.size()), id.begin());
  return id;
}

inline Time read_time(protozero::pbf_reader& message) {
  return Time(std::chrono::duration_cast<Time::duration>(std::chrono::nanoseconds(message.get_fixed64())));
}

inline Span::Event read_event(protozero::pbf_reader message) {
  Span::Event event{.name = {}, .time = {}};
  while (message.next()) {
    switch (message.tag()) {
      case 1:
        event.time = read_time(message);
        break;
      case 2:
        event.name = message.get_string();
        break;
      case 3:
        event.attributes.push_back(read_attribute(message.get_message()));
        break;
      default:
        message.skip();
    }
  }
  return event;
}

inline void read_status(Span& span, protozero::pbf_reader message) {
  while (message.next()) {
    if (message.tag() == 2) {
      span.status_message = message.get_string();
    } else {
      span.status = message.get_uint32() == 2 ? Span::Status::error : Span::Status::ok;
    }
  }
}

inline Span::Kind read_kind(std::uint32_t number) {
  if (number == 2) return Span::Kind::server;
  return number == 3 ? Span::Kind::client : Span::Kind::internal;
}

// All but its links.
inline Span read_span(const Scope& scope, std::string_view bytes) {
  Span span;
  span.scope = scope;
  protozero::pbf_reader message(bytes.data(), bytes.size());
  while (message.next()) {
    switch (message.tag()) {
      case 1:
        span.trace_id = read_id<TraceId>(message);
        break;
      case 2:
        span.span_id = read_id<SpanId>(message);
        break;
      case 3:
        span.trace_state = message.get_string();
        break;
      case 4:
        span.parent_span_id = read_id<SpanId>(message);
        break;
      case 5:
        span.name = message.get_string();
        break;
      case 6:
        span.kind = read_kind(message.get_uint32());
        break;
      case 7:
        span.start = read_time(message);
        break;
      case 8:
        span.end = read_time(message);
        break;
      case 9:
        span.attributes.push_back(read_attribute(message.get_message()));
        break;
      case 11:
        span.events.push_back(read_event(message.get_message()));
        break;
      case 15:
        read_status(span, message.get_message());
        break;
      default:
        message.skip();
    }
  }
  return span;
}

}  // namespace pais::telemetry
