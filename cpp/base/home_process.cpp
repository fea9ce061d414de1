#include "base/home_process.h"

#include <atomic>
#include <cstdlib>
#include <pthread.h>

namespace pais {
namespace {

std::atomic<std::uint64_t> forks{0};

}  // namespace

std::uint64_t HomeProcess::generation() {
  static const int watching = pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1); });
  if (watching != 0) std::abort();
  return forks.load(std::memory_order_relaxed);
}

}  // namespace pais
