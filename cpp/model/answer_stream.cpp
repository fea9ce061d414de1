#include "model/answer_stream.h"

#include <utility>

#include "model/outcome.h"

namespace pais::model {

bool AnswerStream::feed(std::string_view bytes) {
  if (done_ || problem_) return false;
  events_.feed(bytes, [this](const http::SseEvent& event) { return take_event(event); });
  if (events_.overflowed()) {
    fail({.code = Code::model_bad_response, .cause = "an event of the stream is too long"});
  }
  return !done_ && !problem_;
}

bool AnswerStream::take_event(const http::SseEvent& event) {
  if (event.data == "[DONE]") {
    done_ = true;
    return false;
  }
  if (const auto read = read_chat_piece(event.data, piece_); !read) {
    return fail(read.error().as(Code::model_bad_response).during("reading a chunk"));
  }
  if (event.event == "error" && !piece_.error) piece_.error = ServerError{.message = event.data, .status = {}};
  if (const auto added = builder_.add_delta(piece_, deltas_); !added) return fail(added.error());
  return true;
}

bool AnswerStream::fail(Error error) {
  problem_ = std::move(error);
  return false;
}

Result<Answer> AnswerStream::finish() {
  if (problem_) return *problem_;
  if (!done_) feed("\n\n");  // the last event may lack its blank line
  // Half an event is no news when the answer is whole, and no better reason than its breaking off when it is not.
  if (problem_ && problem_->code != Code::model_bad_response) return *problem_;
  if (is_whole()) return builder_.take();
  return Error{.code = Code::model_error, .cause = "the stream ended before the answer did"};
}

}  // namespace pais::model
