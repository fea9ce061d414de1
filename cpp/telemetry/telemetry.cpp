#include "telemetry/telemetry.h"

#include <utility>

namespace pais::telemetry {
namespace {

SpanStyle style_of(const Settings& settings) {
  const std::string service = settings.service_name();
  return {.agent = settings.agent_name.empty() ? "agent" : settings.agent_name,
          .host = {.name = "kaos." + (service.empty() ? "kaos-service" : service), .version = PAIS_VERSION},
          .library = {.name = "pydantic-ai", .version = PAIS_VERSION},
          .version = settings.otel_instrumentation_version,
          .event_mode = settings.otel_event_mode,
          .content = settings.otel_content};
}

}  // namespace

Telemetry::Telemetry(const Settings& settings, std::weak_ptr<SignalSink> sink)
    : sink_(std::move(sink)),
      style_(std::make_shared<const SpanStyle>(style_of(settings))),
      common_(std::make_shared<const CommonParts>(*style_)),
      sampler_(settings),
      log_(std::make_shared<LogListener>(style_->host, sink_)) {
  log::let_listen(log_);
}

std::shared_ptr<RunTracer> Telemetry::trace(TracedRun run) const {
  return std::make_shared<RunTracer>(style_, common_, sink_, sampler_, std::move(run));
}

}  // namespace pais::telemetry
