#include "base/ids.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <pthread.h>
#include <string_view>
#include <sys/random.h>
#include <utility>

namespace pais {
namespace {

// Counts forks on the child's side: bytes that were bought before a fork belong to the parent, or both processes would
// hand out the same names.
std::atomic<std::uint64_t> generation{0};

void watch_for_forks() {
  static const int watching = pthread_atfork(nullptr, nullptr, [] { generation.fetch_add(1); });
  if (watching != 0) std::abort();
}

// Random bytes bought in bulk. Each thread has its own, so that taking some needs neither a lock nor a system call.
class Pool {
 public:
  Pool() { watch_for_forks(); }

  void take(std::span<std::uint8_t> wanted) {
    const std::uint64_t now = generation.load(std::memory_order_relaxed);
    if (std::exchange(filled_in_, now) != now) fill();
    while (!wanted.empty()) {
      if (next_ == bytes_.size()) fill();
      const std::size_t some = std::min(wanted.size(), bytes_.size() - next_);
      std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(next_), some, wanted.begin());
      next_ += some;
      wanted = wanted.subspan(some);
    }
  }

 private:
  // A system that cannot give random bytes cannot name anything safely: the process ends rather than guess. Up to 256
  // bytes arrive whole, so a short read is a failure, too.
  void fill() {
    ssize_t read = -1;
    do {
      read = getrandom(bytes_.data(), bytes_.size(), 0);
    } while (read < 0 && errno == EINTR);
    if (read != static_cast<ssize_t>(bytes_.size())) std::abort();
    next_ = 0;
  }

  std::array<unsigned char, 256> bytes_{};
  std::size_t next_ = bytes_.size();
  std::uint64_t filled_in_ = 0;
};

thread_local Pool pool;

}  // namespace

void random_bytes(std::span<std::uint8_t> bytes) {
  pool.take(bytes);
}

std::string random_hex(std::size_t digits) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text(digits + digits % 2, '\0');
  std::array<std::uint8_t, 16> some{};
  for (auto at = text.begin(); at != text.end();) {
    const auto wanted = static_cast<std::size_t>(text.end() - at) / 2;
    const auto bytes = std::span(some).first(std::min(wanted, some.size()));
    pool.take(bytes);
    for (const std::uint8_t byte : bytes) {
      *at++ = kDigits[byte >> 4U];
      *at++ = kDigits[byte & 15U];
    }
  }
  text.resize(digits);
  return text;
}

}  // namespace pais
