#include "model/outcome.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/utf8.h"
#include "http/retry_after.h"

namespace pais::model {
namespace {

constexpr std::size_t kExcerptBytes = 300;

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

template <std::size_t Count>
bool holds_any(std::string_view text, const std::array<std::string_view, Count>& words) {
  return std::any_of(words.begin(), words.end(),
                     [text](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

}  // namespace

Code code_of_status(int status) {
  if (status == 429) return Code::model_rate_limited;
  if (status >= 500) return Code::model_error;
  return status >= 400 ? Code::model_rejected : Code::model_bad_response;
}

Error refused(const http::ClientResponse& response) {
  return {.code = code_of_status(response.status),
          .cause = "HTTP " + std::to_string(response.status) + ": " + excerpt(response.body),
          .upstream_status = response.status,
          .retry_after = http::read_retry_after(response.header("Retry-After"), std::chrono::system_clock::now())};
}

Error failed(const Error& plumbing) {
  switch (plumbing.code) {
    case Code::cancelled:
      return plumbing;
    case Code::unreachable:
      return plumbing.as(Code::model_unreachable);
    case Code::timed_out:
      return plumbing.as(Code::model_timeout);
    case Code::too_large:
      return plumbing.as(Code::model_bad_response);
    default:
      return plumbing.as(Code::model_error);
  }
}

std::string excerpt(std::string_view text) {
  if (text.size() <= kExcerptBytes) return std::string(text);
  return std::string(text_up_to(text, kExcerptBytes)) + "…";
}

std::string without_secret(std::string text, std::string_view secret) {
  constexpr std::string_view kMask = "***";
  if (secret.empty()) return text;
  for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + kMask.size())) {
    text.replace(at, secret.size(), kMask);
  }
  return text;
}

bool is_worth_repeating(int status) {
  return status == 408 || status == 409 || status == 429 || status >= 500;
}

bool refuses_tools(int status, std::string_view body) {
  if (status != 400 && status != 404 && status != 501) return false;
  static constexpr std::array<std::string_view, 6> kNames = {"tools",  "tool use",    "tool call",
                                                             "tool_c", "tool choice", "function call"};
  static constexpr std::array<std::string_view, 11> kRefusals = {
      "support",    "require",       "enable",      "disabled",        "unknown",    "unrecognized",
      "unexpected", "not permitted", "not allowed", "not implemented", "unavailable"};
  const std::string text = lower(body.substr(0, 16 * 1024));
  if (!holds_any(text, kNames)) return false;
  // A word about a schema is about one tool that is described badly, not about tools.
  return status == 501 || (holds_any(text, kRefusals) && text.find("schema") == std::string::npos);
}

}  // namespace pais::model
