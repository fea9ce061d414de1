#include "base/settings_kinds.h"
#include "base/settings_table.h"

namespace pais::settings {
namespace {

// The variables that OpenTelemetry has in four forms: for all signals, and for each.
std::vector<Variable> exporter(const std::string& prefix, OtlpTarget Settings::*target) {
  const auto in = [target](auto field) {
    return [ target, field ](auto& settings) -> auto& {
      return settings.*target.*field;
    };
  };
  using T = OtlpTarget;
  const std::vector<Named<OtlpProtocol>> protocols = {{"grpc", OtlpProtocol::grpc},
                                                      {"http/protobuf", OtlpProtocol::http_protobuf},
                                                      {"http/json", OtlpProtocol::http_json}};
  const std::vector<Named<OtlpCompression>> compressions = {{"none", OtlpCompression::none},
                                                            {"gzip", OtlpCompression::gzip}};
  const auto show_seconds = [](const auto& time) { return time ? shown_time(*time, kSeconds) : std::string(); };
  return {
      url(lenient(
          text(prefix + "ENDPOINT", in(&T::endpoint), "URL or host:port", is_header_safe,
               "The collector; without a scheme: gRPC in plain text. For OTLP over HTTP, /v1/<signal> is added"))),
      by_default("grpc", lenient(choice(prefix + "PROTOCOL", in(&T::protocol), protocols, "How it is spoken to"))),
      secret(lenient(pairs(prefix + "HEADERS", in(&T::headers), "Headers sent with every export"))),
      by_default("10", lenient(row(prefix + "TIMEOUT", in(&T::timeout), "seconds below 1000, milliseconds from there",
                                   "Limit of an export", parse_exporter_timeout, show_seconds))),
      by_default("none",
                 lenient(choice(prefix + "COMPRESSION", in(&T::compression), compressions, "Compression of exports"))),
      lenient(text(prefix + "CERTIFICATE", in(&T::certificate), "file", is_one_line, "Authorities to trust")),
      lenient(text(prefix + "CLIENT_KEY", in(&T::client_key), "file", is_one_line, "Private key to show")),
      lenient(
          text(prefix + "CLIENT_CERTIFICATE", in(&T::client_certificate), "file", is_one_line, "Certificate to show")),
      by_default("false", lenient(flag(prefix + "INSECURE", in(&T::insecure),
                                       "gRPC in plain text where the endpoint's scheme does not say"))),
  };
}

std::vector<Variable> batch_queue(const std::string& prefix, BatchQueue Settings::*queue, const std::string& what) {
  const auto in = [queue](auto field) {
    return [ queue, field ](auto& settings) -> auto& {
      return settings.*queue.*field;
    };
  };
  using Q = BatchQueue;
  return {lenient(span_of_time(prefix + "SCHEDULE_DELAY", in(&Q::schedule_delay), kMilliseconds, kAnyTime,
                               what + ": pause between exports")),
          lenient(whole(prefix + "MAX_QUEUE_SIZE", in(&Q::max_queue_size), kFromOne,
                        what + ": how many may wait; more are dropped and counted")),
          lenient(whole(prefix + "MAX_EXPORT_BATCH_SIZE", in(&Q::max_export_batch_size), kFromOne,
                        what + ": how many go into one export")),
          lenient(span_of_time(prefix + "EXPORT_TIMEOUT", in(&Q::export_timeout), kMilliseconds, kAnyTime,
                               what + ": limit of an export with its retries"))};
}

std::vector<Variable> telemetry_switches() {
  using S = Settings;
  return {lenient(flag("OTEL_SDK_DISABLED", &S::otel_sdk_disabled, "No telemetry")),
          lenient(flag("OTEL_ENABLED", &S::otel_enabled, "false: no telemetry; true adds nothing")),
          by_default("AGENT_NAME", line("OTEL_SERVICE_NAME", &S::otel_service_name, "Name of the service")),
          lenient(pairs("OTEL_RESOURCE_ATTRIBUTES", &S::otel_resource_attributes, "What is said of the service")),
          line("PAIS_TELEMETRY_FILE", &S::telemetry_file,
               "File that telemetry is written to as OTLP JSON, a line each; -: the console"),
          flag("PAIS_OTEL_CONTENT", &S::otel_content, "Put prompts, answers, arguments and results into spans"),
          whole("OTEL_INSTRUMENTATION_VERSION", &S::otel_instrumentation_version, {1, 5}, "Form of the spans"),
          choice<OtelEventMode>("OTEL_EVENT_MODE", &S::otel_event_mode,
                                {{"attributes", OtelEventMode::attributes}, {"logs", OtelEventMode::logs}},
                                "Where form 1 puts messages"),
          lenient(flag("OTEL_INCLUDE_HTTP_SERVER", &S::otel_include_http_server, "A span for each HTTP request taken")),
          lenient(flag("OTEL_INCLUDE_HTTP_CLIENT", &S::otel_include_http_client, "A span for each HTTP request made"))};
}

std::vector<Variable> sampling_and_metrics() {
  using S = Settings;
  const std::vector<Named<Sampler>> samplers = {{"always_on", Sampler::always_on},
                                                {"always_off", Sampler::always_off},
                                                {"traceidratio", Sampler::ratio},
                                                {"parentbased_always_on", Sampler::parent_always_on},
                                                {"parentbased_always_off", Sampler::parent_always_off},
                                                {"parentbased_traceidratio", Sampler::parent_ratio}};
  const auto parse_patterns = [](std::string_view value) -> Parsed<std::vector<std::string>> {
    return split_at_commas(value);
  };
  return {row("OTEL_PYTHON_FASTAPI_EXCLUDED_URLS", &S::otel_excluded_urls, "regular expressions by commas",
              "Requests that get no span of their own", parse_patterns, kShow),
          lenient(choice("OTEL_TRACES_SAMPLER", &S::otel_traces_sampler, samplers, "Which traces are kept")),
          by_default("1", lenient(row("OTEL_TRACES_SAMPLER_ARG", &S::otel_traces_sampler_arg, "number from 0 to 1",
                                      "Share of traces the traceidratio samplers keep", parse_fraction, kShow))),
          lenient(span_of_time("OTEL_METRIC_EXPORT_INTERVAL", &S::otel_metric_export_interval, kMilliseconds,
                               {std::chrono::milliseconds(1), std::chrono::days(30)},
                               "Milliseconds between exports of metrics"))};
}

}  // namespace

Group telemetry() {
  Group group{"Telemetry", telemetry_switches()};
  const auto add = [&](std::vector<Variable> rows, bool listed) {
    for (Variable& each : rows) group.variables.push_back(listed ? std::move(each) : unlisted(std::move(each)));
  };
  add(exporter("OTEL_EXPORTER_OTLP_", &Settings::otlp), true);
  add(exporter("OTEL_EXPORTER_OTLP_TRACES_", &Settings::otlp_traces), false);
  add(exporter("OTEL_EXPORTER_OTLP_METRICS_", &Settings::otlp_metrics), false);
  add(exporter("OTEL_EXPORTER_OTLP_LOGS_", &Settings::otlp_logs), false);
  add(sampling_and_metrics(), true);
  add(batch_queue("OTEL_BSP_", &Settings::otel_bsp, "Spans"), true);
  add(batch_queue("OTEL_BLRP_", &Settings::otel_blrp, "Log records"), true);
  return group;
}

}  // namespace pais::settings
