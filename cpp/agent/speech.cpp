#include "agent/speech.h"

#include <algorithm>

namespace pais::agent {
namespace {

constexpr std::string_view kBetweenAnswers = "\n\n";

std::string_view after(std::string_view whole, std::size_t already) {
  return whole.substr(std::min(already, whole.size()));
}

}  // namespace

void Speech::text(std::string_view piece) {
  if (pace_ == Pace::as_it_comes) say(piece);
}

void Speech::thinking(std::string_view piece) {
  if (piece.empty()) return;
  thought_of_answer_ += piece.size();
  sink_.emit(events::ThinkingDelta{std::string(piece)});
}

void Speech::finish(const model::Answer& answer) {
  thinking(after(answer.thinking, thought_of_answer_));
  const bool wanted = pace_ == Pace::as_it_comes || (pace_ == Pace::when_final && answer.calls.empty());
  if (wanted) say(after(answer.text, said_of_answer_));
  said_of_answer_ = 0;
  thought_of_answer_ = 0;
}

void Speech::say(std::string_view piece) {
  if (piece.empty()) return;
  if (said_of_answer_ == 0 && !said_.empty()) {
    said_ += kBetweenAnswers;
    sink_.emit(events::TextDelta{std::string(kBetweenAnswers)});
  }
  said_of_answer_ += piece.size();
  said_ += piece;
  sink_.emit(events::TextDelta{std::string(piece)});
}

}  // namespace pais::agent
