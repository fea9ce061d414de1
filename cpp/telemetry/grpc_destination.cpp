#include "telemetry/grpc_destination.h"

namespace pais::telemetry {
namespace {

std::string_view path_of(Signal signal) {
  switch (signal) {
    case Signal::metrics:
      return "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
    case Signal::logs:
      return "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
    case Signal::traces:
      break;
  }
  return "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
}

}  // namespace

Delivery GrpcDestination::deliver(std::span<const Bytes> body, http::Deadline deadline, const std::stop_token& stop) {
  using Verdict = Delivery::Verdict;
  const GrpcCall call{.path = path_of(signal_), .metadata = options_.metadata, .message = body, .gzip = options_.gzip};
  const auto reply = channel_->call(call, deadline, stop);
  if (!reply) return {.verdict = Verdict::later, .cause = reply.error().describe()};
  const GrpcStatus& status = reply->status;
  if (status.code != GrpcStatus::kOk) {
    return {.verdict = may_retry(status) ? Verdict::later : Verdict::refused,
            .cause = describe(status),
            .wait = status.retry_after};
  }
  PartialSuccess partial = read_partial_success(form(), signal_, reply->message);
  return {.cause = std::move(partial.message), .rejected = partial.rejected};
}

}  // namespace pais::telemetry
