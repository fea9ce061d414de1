// What a gRPC server says at the end of a call, and what OTLP makes of it.
//
// Plain functions over bytes of a stranger: what cannot be read says nothing.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace pais::telemetry {

struct GrpcStatus {
  static constexpr int kOk = 0;
  static constexpr int kUnknown = 2;

  int code = kUnknown;
  std::string message = {};
  std::optional<std::chrono::milliseconds> retry_after = {};  // of a RetryInfo, at most a day
};

// Of the fields of a call's trailer. `http_status` stands in for a `grpc-status` that is missing or no number.
GrpcStatus read_grpc_status(std::string_view code, std::string_view message, std::string_view details, int http_status);

// Whether OTLP lets the same request be sent again.
bool may_retry(const GrpcStatus& status);

// "RESOURCE_EXHAUSTED: slow down"
std::string describe(const GrpcStatus& status);

}  // namespace pais::telemetry
