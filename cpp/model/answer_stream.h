// Reads a streamed answer from the bytes of the event stream, however they are cut.
//
// One reader an answer, one thread. `deltas` hears each piece within the `feed` that completes it.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "http/sse.h"
#include "model/answer_builder.h"
#include "model/chat_piece.h"
#include "model/model.h"

namespace pais::model {

class AnswerStream {
 public:
  explicit AnswerStream(Deltas& deltas) : deltas_(deltas) {}

  // False once the rest of the stream does not matter: after `[DONE]`, or when something is wrong with it.
  bool feed(std::string_view bytes);

  const std::optional<Error>& problem() const { return problem_; }

  // The answer is whole, whatever becomes of its connection. Its usage may still come.
  bool is_whole() const { return done_ || builder_.has_finish(); }

  std::optional<std::chrono::steady_clock::time_point> first_token_at() const { return builder_.first_token_at(); }

  // The answer, once, after the last byte. A stream that gave neither a reason to finish nor `[DONE]` broke off, even
  // if its connection was closed in good order: `model_error`.
  Result<Answer> finish();

 private:
  bool take_event(const http::SseEvent& event);
  bool fail(Error error);

  Deltas& deltas_;
  http::SseReader events_{kMaxAnswerBytes};
  ChatPiece piece_;
  AnswerBuilder builder_;
  bool done_ = false;
  std::optional<Error> problem_;
};

}  // namespace pais::model
