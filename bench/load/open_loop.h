// Open loop: requests leave at a fixed rate, whatever the answers do. A latency counts from the moment at which its
// request should have left, so a server that stalls pays for every request it kept waiting.
#pragma once

#include <chrono>

#include "base/result.h"
#include "load/tally.h"
#include "load/target.h"

namespace pais::bench {

struct OpenLoop {
  Target target;
  int rate = 500;     // a second
  int clients = 256;  // connections at most; a request that finds none free waits, and its clock runs
  std::chrono::milliseconds warm_up{1000};
  std::chrono::milliseconds measure{5000};
};

Result<Tally> run(const OpenLoop& plan);

}  // namespace pais::bench
