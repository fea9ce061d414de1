// What one JSON document from a model's server says: a whole answer, or one chunk of a stream.
//
// Both have the same shape but for one name, `message` or `delta`, and servers differ in what they leave out, so one
// lenient reader serves both. It goes through the text once and keeps what is needed; no JSON tree is built, since a
// stream brings a document for each token.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "events/values.h"

namespace pais::model {

// A tool call, or a part of one.
struct CallPiece {
  std::optional<std::int64_t> index;  // which of the answer's calls a delta belongs to
  std::string id;
  std::string name;
  std::string arguments;
};

// An error object in the place of an answer.
struct ServerError {
  std::string message;
  std::optional<int> status;  // an HTTP status given as `code`
};

struct ChatPiece {
  std::string id;
  std::string model;
  bool has_choice = false;
  bool has_message = false;  // the choice has one, or a delta
  std::string text;
  std::string thinking;
  std::vector<CallPiece> calls;
  std::string finish_reason;  // "" while there is none
  std::optional<events::Usage> usage;
  std::optional<ServerError> error;

  // Empty again, with its memory kept for the next document.
  void clear();
};

// Fills `piece`, which is cleared before. Of several choices the first counts. Code::malformed when the text is not
// JSON, nested too deep, or has in the place of words or tool calls what is neither; what is JSON but no answer at all
// gives a piece without a choice. A refusal is what the model says.
Result<void> read_chat_piece(std::string_view json, ChatPiece& piece);

}  // namespace pais::model
