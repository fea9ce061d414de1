#include "tools/mcp/tool_exchange.h"

#include <algorithm>
#include <utility>

#include "nlohmann/json.hpp"

#include "base/json.h"
#include "base/log.h"
#include "tools/mcp/opening.h"
#include "tools/mcp/tool_answer.h"

namespace pais::tools::mcp {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::string_view kLogger = "pais.mcp";
constexpr std::string_view kMethod = "tools/call";
constexpr int kMaxRounds = 4;
constexpr int kMostProgress = 1000;  // that a call may tell of

Moment end_of(const CallContext& context, milliseconds limit) {
  const Moment end = limit.count() > 0 ? steady_clock::now() + limit : Moment::max();
  return context.deadline ? std::min(end, *context.deadline) : end;
}

telemetry::TraceHeaders trace_of(const CallContext& context, const std::string& call_id) {
  return context.propagation ? context.propagation->headers(call_id) : telemetry::TraceHeaders{};
}

// Our ids are texts, and no character of theirs is escaped.
std::string as_value(const std::string& id) {
  return id.substr(1, id.size() - 2);
}

bool wants_input(const json& result) {
  const auto type = result.is_object() ? result.find("resultType") : result.end();
  return result.is_object() && type != result.end() && *type == "input_required";
}

}  // namespace

ToolExchange::ToolExchange(RemoteServer& server, std::shared_ptr<const RemoteTool> tool, const CallContext& context,
                           const events::ToolCall& call, const std::stop_token& stop)
    : server_(server),
      tool_(std::move(tool)),
      call_(call),
      run_(context.run),
      trace_(trace_of(context, call.id)),
      patience_{.end = end_of(context, server.options_.call), .stop = stop},
      session_(server.session()) {}

Result<ToolResult> ToolExchange::run(const json& arguments) {
  if (server_.closing_.stop_requested()) return failed({.code = Code::cancelled, .cause = "the host is shutting down"});
  if (!session_) return failed({.code = Code::unreachable, .cause = "there is no session"});
  Reply reply = ask(arguments);
  while (can_ask_again(reply)) reply = ask(arguments);
  if (problem_) return failed(*problem_);
  return read(reply);
}

Reply ToolExchange::ask(const json& arguments) {
  id_ = new_question_id();
  json params;
  params["name"] = tool_->name;
  params["arguments"] = arguments;
  json& meta = params["_meta"];
  meta["progressToken"] = as_value(id_);
  http::Headers headers = session_->is_stateless() ? tool_->headers_for(arguments) : http::Headers();
  for (const auto& [name, value] :
       {std::pair("traceparent", &trace_.traceparent), std::pair("tracestate", &trace_.tracestate),
        std::pair("baggage", &trace_.baggage)}) {
    if (value->empty()) continue;
    headers.emplace_back(name, *value);
    meta[name] = *value;
  }
  if (more_) params.update(*more_);
  Reply reply = server_.line_.ask(
      *session_, {.id = id_, .method = kMethod, .params = params, .name = tool_->name, .headers = std::move(headers)},
      hearing(), patience_);
  const bool given_up =
      reply.problem && (reply.problem->code == Code::cancelled || reply.problem->code == Code::timed_out);
  if (given_up) take_back();
  return reply;
}

// Progress is told of this call alone, and no longer once it has been called off: its end may have been told by then.
Hear ToolExchange::hearing() {
  return [this, others = server_.hearing(session_)](const Message& message) {
    const bool is_progress = message.kind == Message::Kind::notification && message.method == "notifications/progress";
    if (!is_progress) return others(message);
    const auto so_far = read_progress(*message.content, id_);
    if (!so_far || ++told_progress_ > kMostProgress || patience_.stop.stop_requested()) return;
    if (ServerCounts* counts = server_.counts_) counts->count_progress();
    run_.emit(events::ToolCallProgressed{.call_id = call_.id, .tool = call_.tool, .so_far = *so_far});
  };
}

bool ToolExchange::can_ask_again(const Reply& reply) {
  if (reply.has_lost_session(*session_)) return !std::exchange(renewed_, true) && renew_session();
  if (!session_->is_stateless()) return false;
  if (reply.refusal && reply.refusal->code == Refusal::kHeaderMismatch) {
    return !std::exchange(learnt_, true) && learn_headers();
  }
  return reply.result && wants_input(*reply.result) && ++rounds_ < kMaxRounds && answer_questions(*reply.result);
}

bool ToolExchange::renew_session() {
  auto session = server_.renewed(session_, patience_);
  server_.hurry();  // the list may be another one now
  if (session) {
    session_ = *std::move(session);
    return true;
  }
  const bool called_off = session.error().code == Code::cancelled;
  problem_ = called_off ? session.error() : session.error().as(Code::unreachable);
  return false;
}

// What the tool wants in its headers has changed since it was listed.
bool ToolExchange::learn_headers() {
  std::optional<milliseconds> keeps;
  bool lost = false;
  const auto tools = server_.list_once(session_, keeps, lost, patience_);
  server_.hurry();
  if (!tools) return false;
  const auto found = std::find_if((*tools)->begin(), (*tools)->end(),
                                  [this](const RemoteTool& each) { return each.name == tool_->name; });
  if (found == (*tools)->end()) return false;
  tool_ = std::make_shared<const RemoteTool>(*found);
  return true;
}

bool ToolExchange::answer_questions(const json& wish) {
  json more = json::object();
  if (const auto state = wish.find("requestState"); state != wish.end()) more["requestState"] = *state;
  if (const auto questions = wish.find("inputRequests"); questions != wish.end() && questions->is_object()) {
    json answers = json::object();
    for (const auto& [key, question] : questions->items()) {
      const auto method = question.is_object() ? question.find("method") : question.end();
      if (!question.is_object() || method == question.end() || *method != "elicitation/create") return false;
      answers[key] = {{"action", "decline"}};
    }
    more["inputResponses"] = std::move(answers);
  }
  more_ = std::make_shared<const json>(std::move(more));
  return true;
}

// In the stateless era the connection's end has told the server.
void ToolExchange::take_back() const {
  if (session_->is_stateless()) return;
  static constexpr std::string_view kCancelled = "notifications/cancelled";
  const json params = {{"requestId", as_value(id_)}, {"reason", "The call is no longer waited for."}};
  server_.write_to(session_, kCancelled, write_notification(kCancelled, params));
}

// ------------------------------------------------------------------------------------------------ what the model is
// told

Result<ToolResult> ToolExchange::read(const Reply& reply) {
  if (reply.problem) return failed(*reply.problem);
  if (reply.refusal) {
    outcome_ = CallOutcome::refused;
    return read_refusal(*reply.refusal);
  }
  if (wants_input(*reply.result)) {
    return told(CallOutcome::refused,
                "The tool '" + tool_->name + "' wants to ask its user, and nobody can be asked here.");
  }
  ToolResult result = read_tool_answer(*reply.result);
  outcome_ = result.is_error ? CallOutcome::tool_error : CallOutcome::answered;
  return result;
}

Result<ToolResult> ToolExchange::failed(const Error& problem) {
  if (problem.code == Code::cancelled) {
    outcome_ = CallOutcome::cancelled;
    return problem;
  }
  log::info(kLogger,
            "A call of " + tool_->name + " of the MCP server " + server_.name() + " failed: " + problem.describe());
  if (session_) server_.hurry();  // is it still there?
  const std::string the_tool = "The tool '" + tool_->name + "'";
  switch (problem.code) {
    case Code::unreachable:
      outcome_ = CallOutcome::unreachable;
      if (server_.options_.required) return problem.as(Code::mcp_unavailable);
      return told(outcome_, the_tool + " was not called: its server cannot be reached at the moment.");
    case Code::timed_out:
      return told(CallOutcome::timed_out, the_tool +
                                              " did not answer in time and is no longer waited for. What it "
                                              "was asked to do may have been done.");
    case Code::too_large:
      return told(CallOutcome::broken, the_tool +
                                           " answered with more than can be taken. What it was asked to do may "
                                           "have been done.");
    default:
      return told(CallOutcome::broken, the_tool +
                                           " failed: its server gave no answer that could be understood. What "
                                           "it was asked to do may have been done.");
  }
}

ToolResult ToolExchange::told(CallOutcome outcome, std::string sentence) {
  outcome_ = outcome;
  return {.content = std::move(sentence), .is_error = true};
}

// --------------------------------------------------------------------------------------------------------- the server

Result<ToolResult> RemoteServer::call(const std::shared_ptr<const RemoteTool>& tool, const events::ToolCall& call,
                                      const CallContext& context, const std::stop_token& stop) {
  const auto began = steady_clock::now();
  const auto arguments = call.arguments.empty() ? Result<json>(json::object()) : parse_json(call.arguments);
  if (!arguments || !arguments->is_object()) {
    return ToolResult{.content = "The arguments of '" + call.tool + "' are not a JSON object.",
                      .is_error = true,
                      .counts_as_retry = true};
  }
  ToolExchange exchange(*this, tool, context, call, stop);
  auto result = exchange.run(*arguments);
  if (ServerCounts* counts = counts_) counts->count_call(exchange.outcome(), steady_clock::now() - began);
  return result;
}

}  // namespace pais::tools::mcp
