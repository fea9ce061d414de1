#include "tools/mcp/outbox.h"

#include <utility>

namespace pais::tools::mcp {

bool Outbox::put(Letter letter) {
  const std::scoped_lock lock(mutex_);
  if (letters_.size() >= kMostWaiting) return false;
  letters_.push_back(std::move(letter));
  if (carriers_ >= kMostAtOnce) return false;
  ++carriers_;
  return true;
}

std::optional<Letter> Outbox::next() {
  const auto now = std::chrono::steady_clock::now();
  const std::scoped_lock lock(mutex_);
  while (!letters_.empty() && letters_.front().end <= now) letters_.pop_front();
  if (letters_.empty()) {
    --carriers_;
    return std::nullopt;
  }
  Letter letter = std::move(letters_.front());
  letters_.pop_front();
  return letter;
}

void Outbox::give_up() {
  const std::scoped_lock lock(mutex_);
  letters_.clear();
  --carriers_;
}

void Outbox::drop_all() {
  const std::scoped_lock lock(mutex_);
  letters_.clear();
}

}  // namespace pais::tools::mcp
