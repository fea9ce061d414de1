#include "tools/mcp/reception.h"

#include <utility>

#include "base/mentions.h"

namespace pais::tools::mcp {
namespace {

bool is_success(int status) {
  return status >= 200 && status < 300;
}

}  // namespace

void Reception::begin() {
  status_ = 0;
  is_stream_ = false;
  reader_ = http::SseReader(most_);
  body_.clear();
}

http::Receiver Reception::receiver() {
  return {.on_head = [this](const http::ClientResponse& head) { return take_head(head); },
          .on_bytes = [this](std::string_view bytes) { return take_bytes(bytes); }};
}

bool Reception::take_head(const http::ClientResponse& head) {
  status_ = head.status;
  is_stream_ = is_success(head.status) && mentions(head.header("Content-Type"), "text/event-stream");
  return true;
}

bool Reception::take_bytes(std::string_view bytes) {
  if (is_stream_) {
    const bool goes_on = reader_.feed(bytes, [this](const http::SseEvent& event) { return take_event(event); });
    if (const auto retry = reader_.retry()) retry_ = *retry;
    if (reader_.overflowed()) problem_ = Error{.code = Code::too_large, .cause = "an event is over the limit"};
    return goes_on;
  }
  body_ += bytes;
  if (body_.size() <= most_) return true;
  problem_ = Error{.code = Code::too_large, .cause = "the answer is over the limit"};
  return false;
}

bool Reception::take_event(const http::SseEvent& event) {
  ++events_;
  if (event.id.size() <= kMaxEventIdBytes) last_event_id_ = event.id;
  if (event.data.empty()) return true;
  return take_messages(event.data) && !answer_;
}

bool Reception::take_messages(std::string_view text) {
  auto messages = read_messages(text);
  if (!messages) {
    problem_ = messages.error();
    problem_->cause += ": " + excerpt(text);
    return false;
  }
  for (Message& each : *messages) take(std::move(each));
  return true;
}

void Reception::take(Message message) {
  if (message.kind == Message::Kind::request || message.kind == Message::Kind::notification) return hear_(message);
  if (answer_ || id_.empty()) return;
  // Of what went wrong servers do not always know which question it was.
  const bool whatever_its_id = status_ >= 400 && message.kind == Message::Kind::refusal;
  if (message.id == id_ || whatever_its_id) answer_ = std::move(message);
}

void Reception::read_body() {
  if (is_stream_ || answer_ || problem_) return;
  const bool failed = status_ >= 400;
  const std::string from = "HTTP " + std::to_string(status_);
  if (!body_.empty()) take_messages(body_);
  if (answer_ && (answer_->kind == Message::Kind::refusal || !failed)) {
    problem_.reset();
    return;
  }
  answer_.reset();
  problem_ = Error{.code = Code::malformed,
                   .cause = from + (body_.empty() ? " without a body" : ": " + excerpt(body_)),
                   .upstream_status = status_};
}

}  // namespace pais::tools::mcp
