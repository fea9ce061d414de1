// How often a model may get a tool wrong.
//
// The tries of a tool are counted in answers in a row that got it wrong, however many calls each held: a model cannot
// learn before it has been told. An answer that gets it right, or does without it, starts the count anew.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace pais::agent {

class ToolRetries {
 public:
  explicit ToolRetries(int limit) : limit_(limit) {}

  // Takes note that a call of this answer went wrong; false when the tool had no try left.
  bool may_try_again(std::string_view tool) {
    failed_now_.emplace(tool);
    const auto before = failed_before_.find(tool);
    return (before == failed_before_.end() ? 0 : before->second) < limit_;
  }

  // All calls of the answer are over.
  void end_answer() {
    std::map<std::string, int, std::less<>> counts;
    for (const std::string& tool : failed_now_) counts[tool] = failed_before_[tool] + 1;
    failed_before_ = std::move(counts);
    failed_now_.clear();
  }

 private:
  const int limit_;
  std::map<std::string, int, std::less<>> failed_before_;
  std::set<std::string, std::less<>> failed_now_;
};

}  // namespace pais::agent
