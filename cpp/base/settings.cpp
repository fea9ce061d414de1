#include "base/settings.h"

#include "base/settings_endpoints.h"

namespace pais {
namespace {

template <typename T>
void prefer(std::optional<T>& value, const std::optional<T>& otherwise) {
  if (!value) value = otherwise;
}

std::string_view path_of(Signal signal) {
  switch (signal) {
    case Signal::traces:
      return "/v1/traces";
    case Signal::metrics:
      return "/v1/metrics";
    case Signal::logs:
      return "/v1/logs";
  }
  return "";
}

}  // namespace

bool Settings::model_configured() const {
  return !debug_mock_responses.empty() || (!model_api_url.empty() && !model_name.empty());
}

MemoryType Settings::memory() const {
  return memory_enabled ? memory_type : MemoryType::none;
}

log::Level Settings::level() const {
  return log_level.value_or(agent_log_level.value_or(log::Level::info));
}

std::string Settings::service_name() const {
  return otel_service_name.empty() ? agent_name : otel_service_name;
}

bool Settings::telemetry_on() const {
  const bool has_somewhere_to_go = otlp.endpoint.has_value() || !telemetry_file.empty();
  return !otel_sdk_disabled && otel_enabled.value_or(true) && has_somewhere_to_go && !service_name().empty();
}

OtlpTarget Settings::otlp_target(Signal signal) const {
  OtlpTarget target = signal == Signal::traces ? otlp_traces : signal == Signal::metrics ? otlp_metrics : otlp_logs;
  prefer(target.protocol, otlp.protocol);
  prefer(target.headers, otlp.headers);
  prefer(target.timeout, otlp.timeout);
  prefer(target.compression, otlp.compression);
  prefer(target.certificate, otlp.certificate);
  prefer(target.client_key, otlp.client_key);
  prefer(target.client_certificate, otlp.client_certificate);
  prefer(target.insecure, otlp.insecure);
  if (target.endpoint || !otlp.endpoint) return target;
  const bool over_http = target.protocol.value_or(OtlpProtocol::grpc) != OtlpProtocol::grpc;
  target.endpoint = over_http ? settings::completed_url(*otlp.endpoint, path_of(signal)) : *otlp.endpoint;
  return target;
}

}  // namespace pais
