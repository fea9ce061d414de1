// What telemetry tells of a process, as plain values in the terms of OpenTelemetry: spans and log records. Metrics are
// numbers of their own kind, see metrics.h.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace pais::telemetry {

using TraceId = std::array<std::uint8_t, 16>;  // all zero: none
using SpanId = std::array<std::uint8_t, 8>;    // all zero: none
using Time = std::chrono::system_clock::time_point;

using Value = std::variant<bool, std::int64_t, double, std::string, std::vector<std::string>>;
using Attributes = std::vector<std::pair<std::string, Value>>;

// Who made a signal: "pydantic-ai", or the host's own name.
struct Scope {
  std::string name = {};
  std::string version = {};

  bool operator==(const Scope&) const = default;
};

// A span as a value, for who has all of it at once; a run's are told as they happen, by SpanWriter.
struct Span {
  enum class Kind { internal, server, client };
  enum class Status { unset, ok, error };
  struct Event {
    std::string name;
    Time time;
    Attributes attributes = {};
  };
  struct Link {
    TraceId trace_id;
    SpanId span_id;
    Attributes attributes = {};
  };

  Scope scope;
  TraceId trace_id{};
  SpanId span_id{};
  SpanId parent_span_id{};  // none: a root
  std::string trace_state = {};
  std::string name;
  Kind kind = Kind::internal;
  Time start;
  Time end;
  Attributes attributes = {};
  std::vector<Event> events = {};
  std::vector<Link> links = {};
  Status status = Status::unset;
  std::string status_message = {};
};

struct LogRecord {
  Scope scope;
  Time time;
  int severity = 9;  // as OpenTelemetry numbers them: 5 DEBUG, 9 INFO, 13 WARN, 17 ERROR, 21 FATAL
  std::string severity_text = {};
  std::string body;
  TraceId trace_id{};
  SpanId span_id{};
  Attributes attributes = {};
};

// Takes what is over and told, to bring it to whoever looks at it. From any thread; never blocks, never throws: what
// there is no room for is dropped and counted.
class SignalSink {
 public:
  virtual ~SignalSink() = default;
  // `span` is what a SpanWriter has made; see `tell` beside it for who has a Span.
  virtual void take(const Scope& scope, std::string_view span) = 0;
  virtual void take(const LogRecord& record) = 0;
};

}  // namespace pais::telemetry
