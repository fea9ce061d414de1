#include "telemetry/log_listener.h"

#include <string>
#include <utility>

#include "base/log_line.h"
#include "telemetry/trace_context.h"

namespace pais::telemetry {
namespace {

const std::string kAnySpan = "0000000000000001";

int severity(log::Level level) {
  switch (level) {
    case log::Level::trace:
      return 1;
    case log::Level::debug:
      return 5;
    case log::Level::info:
      return 9;
    case log::Level::warning:
      return 13;
    case log::Level::error:
      return 17;
    case log::Level::critical:
      break;
  }
  return 21;
}

}  // namespace

void LogListener::on(const log::Record& record) {
  const auto sink = sink_.lock();
  if (!sink) return;
  LogRecord told{.scope = scope_,
                 .time = record.time,
                 .severity = severity(record.level),
                 .severity_text = std::string(log::level_name(record.level)),
                 .body = std::string(record.message)};
  // A thread that helps a run knows its trace, but not always its span.
  const log::About& about = record.about;
  const bool has_span = !about.span_id.empty();
  const TraceContext context =
      read_traceparent("00-" + about.trace_id + "-" + (has_span ? about.span_id : kAnySpan) + "-00");
  told.trace_id = context.trace_id;
  if (has_span) told.span_id = context.span_id;
  const auto add = [&](const char* key, std::string_view value) {
    if (!value.empty()) told.attributes.emplace_back(key, std::string(value));
  };
  add("logger_name", record.logger);
  add("session.id", about.session_id);
  add("run.id", about.run_id);
  add("request.id", about.request_id);
  sink->take(told);
}

}  // namespace pais::telemetry
