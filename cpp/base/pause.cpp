#include "base/pause.h"

#include <condition_variable>
#include <mutex>

namespace pais {

bool pause_until(std::chrono::steady_clock::time_point end, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any nobody_calls;
  std::unique_lock lock(mutex);
  nobody_calls.wait_until(lock, stop, end, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace pais
