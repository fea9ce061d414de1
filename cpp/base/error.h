// What can go wrong, in one shape.
//
// An Error is a code, a sentence and what we were doing. The sentence is for our own log: it may name hosts, paths and
// the text of a library. What a client is told is in the table behind `facts(code)`: a fixed sentence for each code,
// at most naming the field at fault. So nothing that a stranger must not read can leak through an Error.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pais {

enum class Code {
  // The request cannot be taken as it is.
  bad_json,
  messages_required,
  no_prompt,
  invalid_session_id,
  unsupported_content,
  invalid_value,
  invalid_query,
  // The request is refused at the door.
  bad_request,
  origin_refused,
  host_refused,
  uri_too_long,
  unsupported_encoding,
  unsupported_transfer,
  unauthorized,
  not_found,
  model_not_found,
  method_not_allowed,
  request_timeout,
  payload_too_large,
  headers_too_large,
  too_many_runs,
  too_many_connections,
  // The agent could not finish its turn.
  step_limit_exceeded,
  budget_exceeded,
  tool_failed,
  tool_retries_exceeded,
  output_invalid,
  run_timeout,
  cancelled,
  // The model could not be asked.
  model_unreachable,
  model_error,
  model_rate_limited,
  model_rejected,
  model_bad_response,
  model_timeout,
  // Something the agent stands on is missing.
  mcp_unavailable,
  memory_unavailable,
  not_configured,
  draining,
  // Plumbing: what a socket or a file says before somebody gives it a meaning. Reaching a client, it is `internal`.
  unreachable,
  timed_out,
  too_large,
  malformed,
  invalid_setting,
  internal,
};

// How a code looks from outside.
struct CodeFacts {
  Code code;
  int status;                 // of the HTTP answer
  std::string_view type;      // `error.type` of the OpenAI shape
  std::string_view name;      // `error.code`
  std::string_view sentence;  // `error.message`; `{}` stands for the field at fault
  bool may_retry;             // false: repeating the same request cannot help, and clients are told so
};

const CodeFacts& facts(Code code);
std::span<const CodeFacts> all_codes();

struct Error {
  Code code = Code::internal;
  std::string cause;                        // for our log, never for a client
  std::string doing = {};                   // "asking the model: connecting", outermost first
  std::string param = {};                   // the field of the request at fault
  std::optional<int> upstream_status = {};  // what the model's server answered
  std::optional<std::chrono::seconds> retry_after = {};

  // The same error, told from one step further out.
  [[nodiscard]] Error during(std::string_view what) const;

  // The same error under another name: plumbing gets a meaning from whoever asked for it.
  [[nodiscard]] Error as(Code meaning) const;

  [[nodiscard]] std::string message() const;   // what a client is told
  [[nodiscard]] std::string describe() const;  // what the log is told
};

}  // namespace pais
