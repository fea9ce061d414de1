#include "telemetry/http_destination.h"

#include <algorithm>
#include <chrono>

#include "http/retry_after.h"
#include "telemetry/gzip.h"

namespace pais::telemetry {
namespace {

using std::chrono::milliseconds;
using Verdict = Delivery::Verdict;

constexpr std::size_t kMostAnswer = 1024 * 1024;

std::optional<milliseconds> wait_asked_for(std::string_view retry_after) {
  const auto asked = http::read_retry_after(retry_after, std::chrono::system_clock::now());
  if (!asked) return std::nullopt;
  return std::min<milliseconds>(*asked, std::chrono::hours(24));
}

bool may_retry(int status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

http::ClientLimits limits_until(http::Deadline deadline) {
  if (deadline == http::kNoDeadline) {
    return {
        .first_byte = milliseconds(0), .idle = milliseconds(0), .total = milliseconds(0), .answer_bytes = kMostAnswer};
  }
  const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
  const auto some = std::max(left, milliseconds(1));
  return {.connect = some, .first_byte = some, .idle = some, .total = some, .answer_bytes = kMostAnswer};
}

}  // namespace

Delivery HttpDestination::deliver(std::span<const Bytes> body, http::Deadline deadline, const std::stop_token& stop) {
  http::ClientRequest request{
      .url = options_.url,
      .headers = options_.headers,
      .body = options_.gzip ? gzipped(body) : joined(body),
      .content_type = options_.form == OtlpForm::json ? "application/json" : "application/x-protobuf",
      .limits = limits_until(deadline)};
  if (options_.gzip) request.headers.emplace_back("Content-Encoding", "gzip");
  const auto answer = client_->send(request, stop);
  if (!answer) return {.verdict = Verdict::later, .cause = answer.error().describe()};
  return read(*answer);
}

Delivery HttpDestination::read(const http::ClientResponse& answer) const {
  if (answer.status >= 200 && answer.status < 300) {
    PartialSuccess partial = read_partial_success(options_.form, signal_, answer.body);
    return {.cause = std::move(partial.message), .rejected = partial.rejected};
  }
  return {.verdict = may_retry(answer.status) ? Verdict::later : Verdict::refused,
          .cause = "HTTP status " + std::to_string(answer.status),
          .wait = wait_asked_for(answer.header("Retry-After"))};
}

}  // namespace pais::telemetry
