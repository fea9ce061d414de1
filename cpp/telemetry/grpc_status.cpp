#include "telemetry/grpc_status.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "protozero/pbf_reader.hpp"

#include "telemetry/repaired.h"

namespace pais::telemetry {
namespace {

using std::chrono::milliseconds;

constexpr std::array<std::string_view, 17> kNames = {
    "OK",        "CANCELLED",       "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS",  "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",    "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED",
};

constexpr int kCancelled = 1;
constexpr int kDeadlineExceeded = 4;
constexpr int kPermissionDenied = 7;
constexpr int kResourceExhausted = 8;
constexpr int kAborted = 10;
constexpr int kOutOfRange = 11;
constexpr int kUnimplemented = 12;
constexpr int kInternal = 13;
constexpr int kUnavailable = 14;
constexpr int kDataLoss = 15;
constexpr int kUnauthenticated = 16;

constexpr std::size_t kMostMessage = 512;
constexpr std::size_t kMostDetails = 64 * 1024;

// As gRPC has it for answers of proxies that know nothing of gRPC.
int code_of_http(int status) {
  switch (status) {
    case 400:
      return kInternal;
    case 401:
      return kUnauthenticated;
    case 403:
      return kPermissionDenied;
    case 404:
      return kUnimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return kUnavailable;
    default:
      return GrpcStatus::kUnknown;
  }
}

std::optional<int> read_code(std::string_view text) {
  int code = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), code);
  if (failure != std::errc() || end != text.data() + text.size() || code < 0) return std::nullopt;
  return code < static_cast<int>(kNames.size()) ? code : GrpcStatus::kUnknown;
}

// Percent-encoding; what is no encoding stands for itself.
std::string decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size() && plain.size() < kMostMessage; ++i) {
    unsigned byte = 0;
    const char* const digits = text.data() + i + 1;
    const bool encoded =
        text[i] == '%' && i + 2 < text.size() && std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2;
    plain += encoded ? static_cast<char>(byte) : text[i];
    if (encoded) i += 2;
  }
  return std::string(Repaired(plain).text());
}

int sextet(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

// Base64, with padding or without; "" for what is none.
std::string unpacked(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  if (text.size() > kMostDetails) return {};
  std::string bytes;
  std::uint32_t held = 0;
  unsigned bits = 0;
  for (const char c : text) {
    const int six = sextet(c);
    if (six < 0) return {};
    held = (held << 6U | static_cast<std::uint32_t>(six)) & 0xffffU;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(held >> bits & 0xffU);
  }
  return bytes;
}

constexpr auto kLengthDelimited = protozero::pbf_wire_type::length_delimited;
constexpr auto kVarint = protozero::pbf_wire_type::varint;

// The messages in all fields of that number.
template <typename See>
void for_each(protozero::pbf_reader message, protozero::pbf_tag_type field, See see) {
  while (message.next()) {
    if (message.tag_and_type() == protozero::tag_and_type(field, kLengthDelimited)) {
      see(message.get_view());
    } else {
      message.skip();
    }
  }
}

// google.protobuf.Duration
milliseconds read_duration(protozero::pbf_reader message) {
  constexpr std::int64_t kDay = 24 * 3600;
  std::int64_t seconds = 0;
  std::int32_t nanoseconds = 0;
  while (message.next()) {
    if (message.tag_and_type() == protozero::tag_and_type(1, kVarint)) {
      seconds = message.get_int64();
    } else if (message.tag_and_type() == protozero::tag_and_type(2, kVarint)) {
      nanoseconds = message.get_int32();
    } else {
      message.skip();
    }
  }
  if (seconds < 0 || nanoseconds < 0) return milliseconds(0);
  return std::chrono::seconds(std::min(seconds, kDay)) +
         std::chrono::duration_cast<milliseconds>(std::chrono::nanoseconds(nanoseconds));
}

std::optional<milliseconds> read_any(protozero::pbf_reader any) {
  std::string type;
  std::optional<milliseconds> delay;
  for_each(any, 1, [&](protozero::data_view view) { type = std::string(view.data(), view.size()); });
  if (!type.ends_with("/google.rpc.RetryInfo")) return std::nullopt;
  for_each(any, 2, [&](protozero::data_view info) {
    delay = milliseconds(0);  // a RetryInfo that names no time still invites
    for_each(protozero::pbf_reader(info), 1,
             [&](protozero::data_view duration) { delay = read_duration(protozero::pbf_reader(duration)); });
  });
  return delay;
}

// google.rpc.Status
std::optional<milliseconds> read_retry_info(std::string_view details) {
  const std::string bytes = unpacked(details);
  std::optional<milliseconds> delay;
  try {
    for_each(protozero::pbf_reader(bytes), 3, [&](protozero::data_view any) {
      if (const auto found = read_any(protozero::pbf_reader(any))) delay = found;
    });
  } catch (const protozero::exception&) {
    return std::nullopt;
  }
  return delay;
}

}  // namespace

GrpcStatus read_grpc_status(std::string_view code, std::string_view message, std::string_view details,
                            int http_status) {
  GrpcStatus status{.code = read_code(code).value_or(code_of_http(http_status)), .message = decoded(message)};
  if (code.empty() && http_status != 200) status.message = "HTTP status " + std::to_string(http_status);
  if (!details.empty()) status.retry_after = read_retry_info(details);
  return status;
}

bool may_retry(const GrpcStatus& status) {
  switch (status.code) {
    case kCancelled:
    case kDeadlineExceeded:
    case kAborted:
    case kOutOfRange:
    case kUnavailable:
    case kDataLoss:
      return true;
    case kResourceExhausted:
      return status.retry_after.has_value();
    default:
      return false;
  }
}

std::string describe(const GrpcStatus& status) {
  const std::string name(kNames.at(static_cast<std::size_t>(status.code)));
  return status.message.empty() ? name : name + ": " + status.message;
}

}  // namespace pais::telemetry
