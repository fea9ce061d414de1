// Puts an answer together from the documents that a model's server sends: one, or many small ones.
//
// One builder an answer, one thread. Failures: `model_bad_response`, and the model's own error when a document holds
// one.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "model/chat_piece.h"
#include "model/model.h"

namespace pais::model {

inline constexpr std::size_t kMaxAnswerBytes = 16 * 1024 * 1024;
inline constexpr std::size_t kMaxArgumentBytes = 1024 * 1024;
inline constexpr std::size_t kMaxCalls = 1024;

class AnswerBuilder {
 public:
  // What is added is a whole answer, in which each call stands for itself.
  Result<void> add_whole(const ChatPiece& piece);

  // What is added is one chunk of a stream; `deltas` hears the text in it.
  Result<void> add_delta(const ChatPiece& piece, Deltas& deltas);

  // A reason to end was given: nothing but usage is to follow.
  bool has_finish() const { return finished_; }

  // When the first delta with something in it was added.
  std::optional<std::chrono::steady_clock::time_point> first_token_at() const { return first_token_at_; }

  // The answer, once. Calls have the ids the server gave, which may be empty or repeated.
  Result<Answer> take();

 private:
  struct Slot {
    std::optional<std::int64_t> index;
    events::ToolCall call;
  };

  Result<void> add(const ChatPiece& piece);
  Result<void> add_to_call(const CallPiece& piece);
  Slot* slot_of(const CallPiece& piece);
  Slot* slot_numbered(const CallPiece& piece);

  Answer answer_;
  std::vector<Slot> slots_;
  std::size_t bytes_ = 0;
  bool has_choice_ = false;
  bool finished_ = false;
  bool announces_calls_ = false;  // so it finished, it says
  std::optional<std::chrono::steady_clock::time_point> first_token_at_;
};

// `model_bad_response` when there are more calls, or longer arguments, than an answer may have.
Result<void> check_calls(const std::vector<events::ToolCall>& calls);

// The error that stands in the place of an answer, in our words.
Error error_from_server(const ServerError& error);

}  // namespace pais::model
