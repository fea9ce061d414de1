#include "server/chat_writer.h"

#include <utility>

#include "tools/toolset.h"

namespace pais::server {
namespace {

// Failures that PAIS_ERRORS=text dresses as an answer, for front ends that cannot show an error.
bool may_be_text(Code code) {
  const std::string_view type = facts(code).type;
  return type == "agent_error" || type == "model_error" || type == "tool_error";
}

std::string_view target_of(const events::ToolCallRequested& request) {
  std::string_view target = request.call.tool;
  if (request.delegation) target.remove_prefix(tools::kDelegationPrefix.size());
  return target;
}

}  // namespace

ChatWriter::ChatWriter(std::shared_ptr<http::Exchange> exchange, AnswerFrame frame, WriterOptions options)
    : exchange_(std::move(exchange)),
      frame_(std::move(frame)),
      options_(std::move(options)),
      chunks_(frame_, options_.include_usage) {
  if (options_.stream && options_.commit.count() > 0) exchange_->promise_stream(opening(), options_.commit);
}

void ChatWriter::on(const events::RunEvent& event) {
  std::visit(
      events::Overloaded{
          [&](const events::TextDelta& delta) {
            if (options_.stream && !delta.text.empty()) send(chunks_.content(delta.text));
          },
          [&](const events::ThinkingDelta& delta) { thought(delta); },
          [&](const events::ToolCallRequested& request) { requested(request); },
          [&](const events::ToolCallStarted&) { called_tools_ = true; },
          [&](const events::ToolCallProgressed& progress) { progressed(progress); },
          [&](const events::DelegationProgressed& progress) { progressed(progress); },
          [&](const events::ModelCallEnded& call) { used_ += call.usage; },
          [&](const events::DelegationEnded& delegation) { delegated_ += delegation.usage; },
          [&](const events::TurnEnded& turn) { ended(turn); }, [](const auto&) {},  // of no interest to a chat client
      },
      event.what);
}

void ChatWriter::requested(const events::ToolCallRequested& request) {
  step_ = request.step;
  show({.step = request.step,
        .max_steps = options_.max_steps,
        .delegation = request.delegation,
        .target = target_of(request)});
}

void ChatWriter::progressed(const events::ToolCallProgressed& progress) {
  show({.step = step_, .max_steps = options_.max_steps, .target = progress.tool, .so_far = &progress.so_far});
}

void ChatWriter::progressed(const events::DelegationProgressed& progress) {
  show({.step = progress.step,
        .max_steps = progress.max_steps,
        .delegation = progress.delegation,
        .target = progress.target,
        .agent = progress.agent,
        .so_far = progress.so_far ? &*progress.so_far : nullptr});
}

// As content there is one text a call, and no more: who reads the content reads a number of calls in it.
void ChatWriter::show(const ProgressLine& line) {
  if (!options_.stream || options_.progress == Progress::off) return;
  if (options_.progress == Progress::event) return send(chunks_.progress(progress_json(line)));
  if (line.so_far == nullptr) send(chunks_.content(progress_json(line)));
}

void ChatWriter::thought(const events::ThinkingDelta& delta) {
  if (!options_.reasoning || delta.text.empty()) return;
  if (options_.stream) {
    send(chunks_.reasoning(delta.text));
  } else {
    reasoning_ += delta.text;
  }
}

void ChatWriter::ended(const events::TurnEnded& turn) {
  if (turn.usage.total() > used_.total()) used_ = turn.usage;  // by a model whose calls nobody told of
  if (turn.error && turn.error->code == Code::cancelled && exchange_->cut_short()) {
    return answer_error(turn.error->as(Code::draining));
  }
  if (turn.error && !(options_.errors_as_text && may_be_text(turn.error->code))) return answer_error(*turn.error);

  events::TurnEnded answer = turn;
  if (turn.error) {
    answer.text = "Sorry, I encountered an error: " + turn.error->message();
    answer.finish = events::FinishReason::stop;
    answer.usage = used_;
    if (options_.stream) send(chunks_.content(answer.text));
  }
  if (options_.stream) return finish_stream(answer);
  answer_whole(answer);
}

void ChatWriter::answer_whole(const events::TurnEnded& turn) {
  exchange_->reply(http::Response{.headers = headers(), .body = chat_completion(frame_, turn, reasoning_, delegated_)});
}

void ChatWriter::answer_error(const Error& error) {
  http::Response answer = http::error_response(error);
  answer.body = failed_completion(std::move(answer.body), used_, delegated_);
  for (auto& header : headers()) answer.headers.push_back(std::move(header));
  if (called_tools_ && facts(error.code).may_retry) answer.headers.emplace_back("x-should-retry", "false");
  if (exchange_->reply(std::move(answer))) return;
  send(ChunkWriter::error(error, used_, delegated_));
  send(ChunkWriter::done());
  exchange_->finish();
}

void ChatWriter::finish_stream(const events::TurnEnded& turn) {
  std::string last = chunks_.finish(turn.finish);
  if (options_.include_usage) last += chunks_.usage(turn.usage, delegated_);
  send(last.append(ChunkWriter::done()));
  exchange_->finish();
}

// Opens the stream when there is something to say; a promise may have opened it already. Whether anybody reads is not
// our concern: a client that has left stops the run through its token.
void ChatWriter::send(std::string_view block) {
  if (stream_ == nullptr) stream_ = exchange_->stream(opening());
  if (stream_ != nullptr) stream_->write(block);
}

http::Headers ChatWriter::headers() const {
  http::Headers all = options_.headers;
  if (options_.is_remembered && !options_.is_remembered()) all.emplace_back("X-PAIS-Memory", "unavailable");
  return all;
}

http::StreamOpening ChatWriter::opening() const {
  return {.headers = headers(), .first = chunks_.role()};
}

Progress progress_asked_for(std::string_view header, Progress standard) {
  if (http::equal_ignoring_case(header, "content")) return Progress::content;
  if (http::equal_ignoring_case(header, "event")) return Progress::event;
  if (http::equal_ignoring_case(header, "off")) return Progress::off;
  return standard;
}

}  // namespace pais::server
