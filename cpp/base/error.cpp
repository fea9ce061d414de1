#include "base/error.h"

#include <array>
#include <utility>

namespace pais {
namespace {

constexpr std::string_view kRequest = "invalid_request_error";
constexpr std::string_view kAgent = "agent_error";
constexpr std::string_view kModel = "model_error";
constexpr std::string_view kServer = "server_error";

// The one table: in the order of the enum, so that a code is its own index (error_test walks it).
constexpr std::array kFacts = {
    CodeFacts{Code::bad_json, 400, kRequest, "bad_json", "The request body is not a JSON object.", false},
    CodeFacts{Code::messages_required, 400, kRequest, "messages_required", "messages are required", false},
    CodeFacts{Code::no_prompt, 400, kRequest, "no_prompt", "No user or task-delegation message found", false},
    CodeFacts{Code::invalid_session_id, 400, kRequest, "invalid_session_id", "The session id is not valid.", false},
    CodeFacts{Code::unsupported_content, 400, kRequest, "unsupported_content",
              "The content of '{}' is of a kind this agent does not take.", false},
    CodeFacts{Code::invalid_value, 400, kRequest, "invalid_value", "The value of '{}' is not valid.", false},
    CodeFacts{Code::invalid_query, 422, kRequest, "invalid_query", "The query parameter '{}' is not valid.", false},

    CodeFacts{Code::bad_request, 400, kRequest, "bad_request", "The request is not valid HTTP.", false},
    CodeFacts{Code::origin_refused, 403, kRequest, "origin_refused", "Requests from this origin are refused.", false},
    CodeFacts{Code::host_refused, 421, kRequest, "host_refused", "This server does not answer for that host.", false},
    CodeFacts{Code::uri_too_long, 414, kRequest, "uri_too_long", "The request target is too long.", false},
    CodeFacts{Code::unsupported_encoding, 415, kRequest, "unsupported_encoding",
              "A compressed request body is not taken.", false},
    CodeFacts{Code::unsupported_transfer, 501, kRequest, "unsupported_transfer",
              "The transfer coding of the request is not supported.", false},
    CodeFacts{Code::unauthorized, 401, "authentication_error", "unauthorized", "A valid API key is required.", false},
    CodeFacts{Code::not_found, 404, kRequest, "not_found", "Not Found", false},
    CodeFacts{Code::model_not_found, 404, kRequest, "model_not_found", "There is no model of that name here.", false},
    CodeFacts{Code::method_not_allowed, 405, kRequest, "method_not_allowed", "Method Not Allowed", false},
    CodeFacts{Code::request_timeout, 408, kRequest, "request_timeout", "The request did not arrive in time.", true},
    CodeFacts{Code::payload_too_large, 413, kRequest, "payload_too_large", "The request body is too large.", false},
    CodeFacts{Code::headers_too_large, 431, kRequest, "headers_too_large", "The request headers are too large.", false},
    CodeFacts{Code::too_many_runs, 429, "rate_limit_error", "too_many_runs",
              "Too many requests are being worked on. Try again shortly.", true},
    CodeFacts{Code::too_many_connections, 503, kServer, "too_many_connections",
              "Too many connections are open. Try again shortly.", true},

    CodeFacts{Code::step_limit_exceeded, 500, kAgent, "step_limit_exceeded",
              "The agent reached its limit of model requests before it had an answer.", false},
    CodeFacts{Code::budget_exceeded, 500, kAgent, "budget_exceeded", "The agent used up the budget of this run.",
              false},
    CodeFacts{Code::tool_failed, 500, kAgent, "tool_failed", "The tool '{}' failed.", false},
    CodeFacts{Code::tool_retries_exceeded, 500, kAgent, "tool_retries_exceeded",
              "The model did not call the tool '{}' correctly, however often it was told.", false},
    CodeFacts{Code::output_invalid, 500, kAgent, "output_invalid", "The agent's output is not valid.", false},
    CodeFacts{Code::run_timeout, 504, kAgent, "run_timeout", "The agent did not finish in time.", false},
    CodeFacts{Code::cancelled, 499, kAgent, "cancelled", "Cancelled by the client.", false},

    CodeFacts{Code::model_unreachable, 502, kModel, "model_unreachable", "The model cannot be reached.", true},
    CodeFacts{Code::model_error, 502, kModel, "model_error", "The model failed to answer.", true},
    CodeFacts{Code::model_rate_limited, 502, kModel, "model_rate_limited", "The model is limiting requests.", true},
    CodeFacts{Code::model_rejected, 502, kModel, "model_rejected", "The model refused the request.", false},
    CodeFacts{Code::model_bad_response, 502, kModel, "model_bad_response",
              "The model's answer could not be understood.", true},
    CodeFacts{Code::model_timeout, 504, kModel, "model_timeout", "The model did not answer in time.", true},

    CodeFacts{Code::mcp_unavailable, 502, "tool_error", "mcp_unavailable", "A tool server cannot be reached.", true},
    CodeFacts{Code::memory_unavailable, 503, kServer, "memory_unavailable", "The session memory cannot be reached.",
              true},
    CodeFacts{Code::not_configured, 503, kServer, "not_configured", "This agent has no model configured.", true},
    CodeFacts{Code::draining, 503, kServer, "draining", "This server is shutting down.", true},

    CodeFacts{Code::unreachable, 500, kServer, "internal", "Internal server error.", true},
    CodeFacts{Code::timed_out, 500, kServer, "internal", "Internal server error.", true},
    CodeFacts{Code::too_large, 500, kServer, "internal", "Internal server error.", true},
    CodeFacts{Code::malformed, 500, kServer, "internal", "Internal server error.", true},
    CodeFacts{Code::invalid_setting, 500, kServer, "internal", "Internal server error.", true},
    CodeFacts{Code::internal, 500, kServer, "internal", "Internal server error.", true},
};

}  // namespace

const CodeFacts& facts(Code code) {
  return kFacts[static_cast<std::size_t>(code)];
}

std::span<const CodeFacts> all_codes() {
  return kFacts;
}

Error Error::during(std::string_view what) const {
  Error outer = *this;
  outer.doing = doing.empty() ? std::string(what) : std::string(what) + ": " + doing;
  return outer;
}

Error Error::as(Code meaning) const {
  Error renamed = *this;
  renamed.code = meaning;
  return renamed;
}

std::string Error::message() const {
  std::string sentence(facts(code).sentence);
  if (const auto hole = sentence.find("{}"); hole != std::string::npos) sentence.replace(hole, 2, param);
  return sentence;
}

std::string Error::describe() const {
  std::string text;
  if (!doing.empty()) text += doing + ": ";
  text += cause.empty() ? message() : cause;
  text += " (";
  text += facts(code).name;
  text += ')';
  return text;
}

}  // namespace pais
