// Stored events as a Redis gives them back.
#pragma once

#include <span>
#include <vector>

#include "memory/event.h"
#include "memory/redis_reply.h"

namespace pais::memory {

// Skips what is no event, with one warning, and what is there a second time.
std::vector<MemoryEvent> read_events(std::span<const RedisReply> items);

}  // namespace pais::memory
