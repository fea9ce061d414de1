// Waiting for the thing itself.
#pragma once

#include <chrono>
#include <thread>

namespace pais::memory {

// Calls `is_so` until it is, for half a minute at most.
template <typename IsSo>
bool eventually(IsSo is_so) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!is_so()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace pais::memory
