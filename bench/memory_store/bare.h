// The least that a Redis on a Unix socket can be asked: what there is for a store to be compared with.
#pragma once

#include <string>

#include "base/result.h"
#include "memory_store/measure.h"

namespace pais::bench {

// Asks the Redis at `url` for nothing, over a connection of its own. An answer that is none counts as failed.
Result<Ask> ping(const std::string& url);

// Keeps a turn like those of the chats in a session of its own, with the fewest plain commands that do, all sent at
// once: its two events, what is known of the session, and its place in the index. Nothing is looked up, renewed or
// forgotten.
Result<Ask> keep_turn(const std::string& url);

}  // namespace pais::bench
