// Two servers asked in turn over one connection each, so that whatever the machine does meanwhile happens to both. The
// difference is what the one adds to the other.
#pragma once

#include <chrono>

#include "base/result.h"
#include "load/tally.h"
#include "load/target.h"

namespace pais::bench {

struct Paired {
  Target target;
  Target against;
  std::chrono::milliseconds warm_up{1000};
  std::chrono::milliseconds measure{5000};
};

struct PairedTally {
  Tally target;
  Tally against;
  // Of the differences pair by pair.
  std::chrono::nanoseconds added_p50{0};
  std::chrono::nanoseconds added_p99{0};
};

Result<PairedTally> run(const Paired& plan);

}  // namespace pais::bench
