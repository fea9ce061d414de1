#include "model/answer_builder.h"

#include <algorithm>
#include <utility>

#include "model/outcome.h"

namespace pais::model {
namespace {

Error bad_response(std::string cause) {
  return Error{.code = Code::model_bad_response, .cause = std::move(cause)};
}

Error too_large(std::string_view what, std::size_t limit) {
  return bad_response(std::string(what) + " grew over " + std::to_string(limit));
}

Error too_many_calls() {
  return too_large("the number of tool calls", kMaxCalls);
}

Error arguments_too_large() {
  return too_large("the arguments of a tool call", kMaxArgumentBytes);
}

events::FinishReason finish_named(std::string_view name) {
  if (name == "length") return events::FinishReason::length;
  if (name == "content_filter") return events::FinishReason::content_filter;
  return events::FinishReason::stop;
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

std::size_t size_of(const ChatPiece& piece) {
  std::size_t size = piece.text.size() + piece.thinking.size();
  for (const CallPiece& call : piece.calls) size += call.id.size() + call.name.size() + call.arguments.size();
  return size;
}

}  // namespace

Result<void> AnswerBuilder::add_whole(const ChatPiece& piece) {
  if (auto added = add(piece); !added) return added;
  if (piece.has_choice && !piece.has_message) return bad_response("a choice without a message");
  for (const CallPiece& call : piece.calls) {
    slots_.push_back({.index = {}, .call = {.id = call.id, .tool = call.name, .arguments = call.arguments}});
  }
  return {};
}

Result<void> AnswerBuilder::add_delta(const ChatPiece& piece, Deltas& deltas) {
  if (auto added = add(piece); !added) return added;
  for (const CallPiece& call : piece.calls) {
    if (auto added = add_to_call(call); !added) return added;
  }
  if (!first_token_at_ && size_of(piece) > 0) first_token_at_ = std::chrono::steady_clock::now();
  if (!piece.thinking.empty()) deltas.thinking(piece.thinking);
  if (!piece.text.empty()) deltas.text(piece.text);
  return {};
}

Result<void> AnswerBuilder::add(const ChatPiece& piece) {
  if (piece.error) return error_from_server(*piece.error);
  bytes_ += size_of(piece);
  if (bytes_ > kMaxAnswerBytes) return too_large("the answer", kMaxAnswerBytes);
  if (!piece.id.empty()) answer_.id = piece.id;
  if (!piece.model.empty()) answer_.model = piece.model;
  if (piece.usage) answer_.usage = *piece.usage;
  if (!piece.has_choice) return {};
  has_choice_ = true;
  answer_.text += piece.text;
  answer_.thinking += piece.thinking;
  if (piece.finish_reason == "error") return Error{.code = Code::model_error, .cause = "the model gave up"};
  if (!piece.finish_reason.empty()) {
    finished_ = true;
    announces_calls_ = piece.finish_reason == "tool_calls" || piece.finish_reason == "function_call";
    answer_.finish = finish_named(piece.finish_reason);
  }
  return {};
}

Result<void> AnswerBuilder::add_to_call(const CallPiece& piece) {
  Slot* slot = slot_of(piece);
  if (slot == nullptr) {
    if (slots_.size() == kMaxCalls) return too_many_calls();
    slot = &slots_.emplace_back();
    slot->index = piece.index;
  }
  events::ToolCall& call = slot->call;
  if (call.id.empty()) call.id = piece.id;
  if (call.tool.empty()) call.tool = piece.name;
  call.arguments += piece.arguments;
  if (call.arguments.size() > kMaxArgumentBytes) return arguments_too_large();
  return {};
}

// Which call a delta goes on with; null when it begins a new one. Servers number the calls of an answer, but some give
// all of them the number 0, and some give none: then an id or a name that differs begins the next call.
AnswerBuilder::Slot* AnswerBuilder::slot_of(const CallPiece& piece) {
  if (slots_.empty()) return nullptr;
  if (piece.index) return slot_numbered(piece);
  if (piece.id.empty()) return piece.name.empty() ? &slots_.back() : nullptr;
  const auto found =
      std::find_if(slots_.rbegin(), slots_.rend(), [&piece](const Slot& slot) { return slot.call.id == piece.id; });
  return found == slots_.rend() ? nullptr : &*found;
}

AnswerBuilder::Slot* AnswerBuilder::slot_numbered(const CallPiece& piece) {
  const auto found =
      std::find_if(slots_.rbegin(), slots_.rend(), [&piece](const Slot& slot) { return slot.index == piece.index; });
  if (found == slots_.rend()) return nullptr;
  const events::ToolCall& call = found->call;
  const bool other_id = !piece.id.empty() && !call.id.empty() && piece.id != call.id;
  const bool other_name = !piece.name.empty() && !call.tool.empty() && piece.name != call.tool;
  const bool begins_another = other_name || (other_id && !piece.name.empty());
  return begins_another ? nullptr : &*found;
}

Result<Answer> AnswerBuilder::take() {
  if (!has_choice_) return bad_response("an answer without a choice");
  if (announces_calls_ && slots_.empty() && is_blank(answer_.text)) return bad_response("tool calls that did not come");
  for (Slot& slot : slots_) {
    if (slot.call.tool.empty()) return bad_response("a tool call without a name");
    if (is_blank(slot.call.arguments)) slot.call.arguments = "{}";
    answer_.calls.push_back(std::move(slot.call));
  }
  if (auto checked = check_calls(answer_.calls); !checked) return checked.error();
  return std::move(answer_);
}

Result<void> check_calls(const std::vector<events::ToolCall>& calls) {
  if (calls.size() > kMaxCalls) return too_many_calls();
  for (const events::ToolCall& call : calls) {
    if (call.arguments.size() > kMaxArgumentBytes) return arguments_too_large();
  }
  return {};
}

Error error_from_server(const ServerError& error) {
  const Code code = error.status ? code_of_status(*error.status) : Code::model_error;
  return Error{.code = code, .cause = "the model's server reports: " + excerpt(error.message)};
}

}  // namespace pais::model
