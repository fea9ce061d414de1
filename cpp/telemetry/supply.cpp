#include "telemetry/supply.h"

namespace pais::telemetry {
namespace {

struct SizeOf {
  std::size_t operator()(const std::string& text) const { return text.size(); }
  std::size_t operator()(const std::vector<std::string>& texts) const {
    std::size_t bytes = 0;
    for (const std::string& text : texts) bytes += sizeof(std::string) + text.size();
    return bytes;
  }
  std::size_t operator()(const auto&) const { return 0; }
};

std::size_t size_of(const Attributes& attributes) {
  std::size_t bytes = 0;
  for (const auto& [key, value] : attributes) {
    bytes += sizeof(Attributes::value_type) + key.size() + std::visit(SizeOf(), value);
  }
  return bytes;
}

}  // namespace

std::size_t bytes_of(const Span& span) {
  std::size_t bytes = sizeof span + span.name.size() + span.trace_state.size() + span.status_message.size() +
                      span.scope.name.size() + span.scope.version.size() + size_of(span.attributes);
  for (const Span::Event& event : span.events) bytes += sizeof event + event.name.size() + size_of(event.attributes);
  for (const Span::Link& link : span.links) bytes += sizeof link + size_of(link.attributes);
  return bytes;
}

std::size_t bytes_of(const LogRecord& record) {
  return sizeof record + record.body.size() + record.severity_text.size() + record.scope.name.size() +
         record.scope.version.size() + size_of(record.attributes);
}

std::optional<Batch> MetricsSupply::next(OtlpForm form) {
  const Moment now = std::chrono::steady_clock::now();
  if (now < due_) return std::nullopt;
  due_ = now + interval_;
  const auto snapshot = metrics_.snapshot();
  std::size_t points = 0;
  for (const MetricSnapshot& metric : snapshot) points += metric.points.size();
  if (points == 0) return std::nullopt;
  return Batch{.body = encode(form, *source_, std::span(snapshot), metrics_.begun(), std::chrono::system_clock::now()),
               .items = points};
}

}  // namespace pais::telemetry
