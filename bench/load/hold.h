// Connections that are held against a server while somebody else measures it: idle ones, which asked once and have been
// silent since, and half-sent ones, which stopped in the middle of a request's head. What the server closes is opened
// again, so that their number stays.
#pragma once

#include <functional>

#include "base/result.h"
#include "load/target.h"

namespace pais::bench {

struct Hold {
  Target target;
  int idle = 10'000;
  int half_sent = 2'000;
};

struct HoldTally {
  int reopened_idle = 0;
  int reopened_half_sent = 0;
};

// Holds until standard input ends. `on_ready` is called once, when all connections stand and all idle ones have had
// their answer.
Result<HoldTally> run(const Hold& plan, const std::function<void()>& on_ready);

}  // namespace pais::bench
