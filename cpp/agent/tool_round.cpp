#include "agent/tool_round.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "nlohmann/json.hpp"

#include "base/json.h"
#include "base/log.h"

namespace pais::agent {
namespace {

using std::chrono::steady_clock;

constexpr std::string_view kLogger = "pais.agent";
constexpr std::string_view kTryAgain = "\n\nPlease correct this and try again.";

log::About about(const events::RunIdentity& run) {
  return {.request_id = run.request_id, .session_id = run.session_id, .run_id = run.run_id, .trace_id = run.trace_id};
}

Error retries_exceeded(const std::string& tool) {
  return {.code = Code::tool_retries_exceeded, .cause = "the model got " + tool + " wrong too often", .param = tool};
}

std::string seconds(std::chrono::milliseconds limit) {
  return nlohmann::json(std::chrono::duration<double>(limit).count()).dump();
}

tools::ToolResult out_of_time(const std::string& tool, std::chrono::milliseconds limit) {
  log::warning(kLogger, "Tool " + tool + " was stopped after " + seconds(limit) + " s.");
  return {.content = "The tool '" + tool + "' did not answer within " + seconds(limit) + " seconds and was stopped.",
          .is_error = true};
}

void cut(tools::ToolResult& result, std::size_t most) {
  const std::size_t whole = result.content.size();
  if (most == 0 || whole <= most) return;
  std::size_t end = most;
  const auto in_a_character = [&] { return (static_cast<unsigned char>(result.content[end]) & 0xC0) == 0x80; };
  while (end > 0 && in_a_character()) --end;
  result.content.resize(end);
  result.content += "\n[The result was cut here: " + std::to_string(end) + " of " + std::to_string(whole) + " bytes.]";
  result.is_json = false;
}

}  // namespace

ToolRound::ToolRound(const Run& run, std::span<const events::ToolCall> calls, std::stop_token stop)
    : run_(run), stop_(std::move(stop)) {
  calls_.reserve(calls.size());
  for (const events::ToolCall& wish : calls) {
    calls_.push_back({.wish = wish, .entry = run.catalog.find(wish.tool), .result = std::nullopt});
  }
}

Result<std::vector<model::Message>> ToolRound::run() {
  if (auto fit = refuse_unfit_calls(); !fit) return fit.error();

  std::vector<Call*> fit;
  for (Call& call : calls_) {
    if (!call.result) fit.push_back(&call);
  }
  run_.threads.side_by_side(fit.size(), [&](std::size_t i) { perform(*fit[i]); });
  if (failure_) return *failure_;

  if (auto counted = count_retries(); !counted) return counted.error();
  return messages();
}

Result<void> ToolRound::refuse_unfit_calls() {
  for (Call& call : calls_) {
    auto complaint = complaint_about(call);
    if (!complaint) continue;
    refuse(call, *std::move(complaint));
    if (!run_.retries.may_try_again(call.wish.tool)) return retries_exceeded(call.wish.tool);
  }
  return {};
}

std::optional<std::string> ToolRound::complaint_about(const Call& call) const {
  const std::string& tool = call.wish.tool;
  if (call.entry == nullptr) {
    const std::string names = run_.catalog.names();
    return "There is no tool named '" + tool + "'. " +
           (names.empty() ? "No tools are offered." : "Offered are: " + names);
  }
  const auto arguments = parse_json(call.wish.arguments);
  if (!arguments || !arguments->is_object()) return "The arguments of '" + tool + "' are not a JSON object.";
  const auto objection = call.entry->schema ? call.entry->schema->objection(*arguments) : std::nullopt;
  if (!objection) return std::nullopt;
  return "The arguments of '" + tool + "' do not fit: " + *objection + ".";
}

void ToolRound::refuse(Call& call, std::string complaint) {
  tools::ToolResult refusal{.content = std::move(complaint), .is_error = true, .counts_as_retry = true};
  cut(refusal, run_.limits.result_max_bytes);
  run_.sink.emit(events::ToolCallStarted{call.wish});
  run_.sink.emit(events::ToolCallEnded{
      .call = call.wish, .result = refusal.content, .is_json = false, .is_error = true, .is_retry = true});
  call.result = std::move(refusal);
}

void ToolRound::perform(Call& call) noexcept {
  if (stop_.came()) return;
  const log::Scope scope(about(run_.sink.identity()));
  run_.sink.emit(events::ToolCallStarted{call.wish});
  auto outcome = ask(call);
  events::ToolCallEnded ended{.call = call.wish, .result = {}};
  if (outcome) {
    cut(*outcome, run_.limits.result_max_bytes);
    ended.result = outcome->content;
    ended.is_json = outcome->is_json;
    ended.is_error = outcome->is_error;
    call.result = *std::move(outcome);
  } else {
    ended.result = outcome.error().message();
    ended.is_error = true;
    fail(outcome.error().during("calling " + call.wish.tool));
  }
  run_.sink.emit(std::move(ended));
}

Result<tools::ToolResult> ToolRound::ask(const Call& call) {
  const auto limit = run_.limits.timeout;
  const LinkedStop stop(stop_.token());
  if (limit == limit.zero()) return ask_in_time(call, stop, run_.deadline);

  const auto deadline = steady_clock::now() + limit;
  const auto alarm = run_.alarms.at(deadline, stop.source());
  auto result = ask_in_time(call, stop, run_.deadline ? std::min(deadline, *run_.deadline) : deadline);
  if (steady_clock::now() >= deadline && !stop_.came()) return out_of_time(call.wish.tool, limit);
  return result;
}

Result<tools::ToolResult> ToolRound::ask_in_time(const Call& call, const LinkedStop& stop,
                                                 std::optional<steady_clock::time_point> deadline) {
  const tools::CallContext context{.run = run_.sink,
                                   .history = run_.request.history,
                                   .prompt = run_.request.prompt,
                                   .deadline = deadline,
                                   .traceparent = run_.request.traceparent};
  try {
    return call.entry->toolset->call(call.wish, context, stop.token());
  } catch (const std::exception& trouble) {
    return Error{.code = Code::internal, .cause = trouble.what()};
  }
}

void ToolRound::fail(const Error& error) {
  {
    const std::scoped_lock lock(mutex_);
    if (failure_) return;
    failure_ = error;
  }
  stop_.request();
}

Result<void> ToolRound::count_retries() {
  for (const Call& call : calls_) {
    const bool went_wrong = call.result && call.result->is_error && call.result->counts_as_retry;
    if (went_wrong && !run_.retries.may_try_again(call.wish.tool)) return retries_exceeded(call.wish.tool);
  }
  run_.retries.end_answer();
  return {};
}

std::vector<model::Message> ToolRound::messages() const {
  std::vector<model::Message> told;
  told.reserve(calls_.size());
  for (const Call& call : calls_) {
    if (!call.result) continue;
    const bool try_again = call.result->is_error && call.result->counts_as_retry;
    model::Message message;
    message.role = model::Message::Role::tool;
    message.text = try_again ? call.result->content + std::string(kTryAgain) : call.result->content;
    message.call_id = call.wish.id;
    message.tool = call.wish.tool;
    told.push_back(std::move(message));
  }
  return told;
}

}  // namespace pais::agent
