// The least that a round trip to a Redis costs: PING, on a connection that stands, with nothing of ours around it.
#pragma once

#include <string>

#include "base/result.h"
#include "memory_store/measure.h"

namespace pais::bench {

// What asks the Redis at `url` (unix://PATH) once, over a connection of its own.
Result<Ask> ping(const std::string& url);

}  // namespace pais::bench
