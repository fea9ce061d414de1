#include "agent/tool_round.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "nlohmann/json.hpp"

#include "base/json.h"
#include "base/log.h"

namespace pais::agent {
namespace {

constexpr std::string_view kTryAgain = "\n\nPlease correct this and try again.";

log::About about(const events::RunIdentity& run) {
  return {.request_id = run.request_id, .session_id = run.session_id, .run_id = run.run_id, .trace_id = run.trace_id};
}

Error retries_exceeded(const std::string& tool) {
  return {.code = Code::tool_retries_exceeded, .cause = "the model got " + tool + " wrong too often", .param = tool};
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
    auto complaint = run_.catalog.complaint_about(call.wish);
    if (!complaint) continue;
    refuse(call, *std::move(complaint));
    if (!run_.retries.may_try_again(call.wish.tool)) return retries_exceeded(call.wish.tool);
  }
  return {};
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
  const tools::CallContext context{.run = run_.sink,
                                   .history = run_.request.history,
                                   .prompt = run_.request.prompt,
                                   .deadline = run_.deadline,
                                   .propagation = run_.request.propagation,
                                   .lineage = run_.request.lineage,
                                   .left = run_.left,
                                   .stream = run_.request.stream};
  return call_within_limits(run_.limits, run_.alarms, *call.entry->toolset, call.wish, context, stop_.token());
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

events::Usage ToolRound::spent() const {
  events::Usage sum;
  for (const Call& call : calls_) {
    if (call.result) sum += call.result->spent;
  }
  return sum;
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
