#include "model/held_deltas.h"

namespace pais::model {

void HeldDeltas::text(std::string_view piece) {
  if (open_) return out_.text(piece);
  held_ += piece;
  if (!may_be_tool_call(held_)) release();
}

void HeldDeltas::release() {
  open_ = true;
  if (!held_.empty()) out_.text(held_);
  held_.clear();
}

bool may_be_tool_call(std::string_view text) {
  constexpr std::string_view kFence = "```";
  const auto start = text.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) return true;
  text.remove_prefix(start);
  if (text.front() == '{' || text.front() == '[' || text.front() == '<') return true;
  return text.starts_with(kFence) || kFence.starts_with(text);
}

}  // namespace pais::model
