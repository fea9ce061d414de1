// Closed loop: each client asks again as soon as it has its answer. Shows how much a server can do.
#pragma once

#include <chrono>

#include "base/result.h"
#include "load/tally.h"
#include "load/target.h"

namespace pais::bench {

struct ClosedLoop {
  Target target;
  int clients = 64;
  int threads = 1;
  std::chrono::milliseconds warm_up{1000};
  std::chrono::milliseconds measure{5000};
};

// Fails when the server cannot be reached at the start; later failures are counted.
Result<Tally> run(const ClosedLoop& plan);

}  // namespace pais::bench
