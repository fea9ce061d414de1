// Waits for what another thread is about to make true.
#pragma once

#include <chrono>
#include <poll.h>

#include "support/signal.h"

namespace pais::test {

// Looks every millisecond, until `holds()` or until patience is over.
template <typename Predicate>
bool eventually(Predicate holds, std::chrono::milliseconds within = kPatience) {
  const auto deadline = std::chrono::steady_clock::now() + within;
  while (!holds()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    ::poll(nullptr, 0, 1);
  }
  return true;
}

}  // namespace pais::test
