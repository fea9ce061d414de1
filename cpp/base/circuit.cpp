#include "base/circuit.h"

#include <algorithm>

namespace pais {

Result<Circuit::Pass> Circuit::enter() {
  const std::scoped_lock lock(mutex_);
  if (!open_) return Pass(*this, false);
  const auto now = clock_.now();
  if (probing_ || now < probe_at_) return refusal(now);
  probing_ = true;
  return Pass(*this, true);
}

bool Circuit::is_open() const {
  const std::scoped_lock lock(mutex_);
  return open_;
}

bool Circuit::leave(bool probe, Verdict verdict, const Error& why) {
  const std::scoped_lock lock(mutex_);
  if (probe) probing_ = false;
  if (verdict == Verdict::unknown) return false;
  if (verdict == Verdict::failed) return open_or_count(probe, why);
  failures_ = 0;
  rest_ = rests_.first;
  return std::exchange(open_, false);
}

bool Circuit::open_or_count(bool probe, const Error& why) {
  last_failure_ = why;
  if (open_ && !probe) return false;  // a call that began before the circuit opened
  if (!probe && ++failures_ < kFailuresToOpen) return false;
  if (probe) rest_ = std::min<std::chrono::steady_clock::duration>(rest_ * 2, rests_.longest);
  probe_at_ = clock_.now() + rest_;
  return !std::exchange(open_, true);
}

Error Circuit::refusal(std::chrono::steady_clock::time_point now) const {
  Error error = last_failure_;
  error.cause = "not asked, since calls keep failing: " + error.cause;
  constexpr std::chrono::steady_clock::duration kShortest = std::chrono::seconds(1);
  error.retry_after = std::chrono::ceil<std::chrono::seconds>(std::max(probe_at_ - now, kShortest));
  return error;
}

}  // namespace pais
