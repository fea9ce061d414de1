// Keeps back a streamed text that may turn out to be a tool call.
//
// In string mode a tool call is written as text. Whether it can be one shows in its first characters: `{`, `[`, `<` or
// a code fence. Such a text is held until the answer is whole; any other goes out as it comes.
#pragma once

#include <string>
#include <string_view>

#include "model/model.h"

namespace pais::model {

class HeldDeltas final : public Deltas {
 public:
  explicit HeldDeltas(Deltas& out) : out_(out) {}

  void text(std::string_view piece) override;
  void thinking(std::string_view piece) override { out_.thinking(piece); }

  // It is no tool call: what is held goes out, in one piece.
  void release();

 private:
  Deltas& out_;
  std::string held_;
  bool open_ = false;  // known to be no tool call
};

// Whether `text`, so far, may become a tool call: also true while too little of it is known.
bool may_be_tool_call(std::string_view text);

}  // namespace pais::model
