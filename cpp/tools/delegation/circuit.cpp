#include "tools/delegation/circuit.h"

#include <utility>

namespace pais::tools::delegation {

std::optional<Circuit::Pass> Circuit::enter() {
  const std::scoped_lock lock(mutex_);
  if (!open_) return Pass{.probe = false};
  if (probing_ || clock_.now() < probe_at_) return std::nullopt;
  probing_ = true;
  return Pass{.probe = true};
}

bool Circuit::leave(Pass pass, Verdict verdict) {
  const std::scoped_lock lock(mutex_);
  if (pass.probe) probing_ = false;
  if (verdict == Verdict::unknown) return false;
  if (verdict == Verdict::answered) {
    failures_ = 0;
    return std::exchange(open_, false);
  }
  if (open_ && !pass.probe) return false;  // a call that began before the circuit opened
  if (!pass.probe && ++failures_ < kFailuresToOpen) return false;
  probe_at_ = clock_.now() + kRest;
  return !std::exchange(open_, true);
}

bool Circuit::is_open() const {
  const std::scoped_lock lock(mutex_);
  return open_;
}

}  // namespace pais::tools::delegation
