// The events of many conversations in one row, by their time.
//
// Conversations are read one after another, and no more is held than what was asked for and one conversation: a store
// of any size can be looked at. Events of one moment stand in the order of their sessions' ids, then of arrival.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "memory/memory.h"

namespace pais::memory {

// False: that was enough. `last_active` where the walk goes from the session that was active last to the one that was
// silent longest.
using SessionVisit = std::function<Result<bool>(const std::string& session_id,
                                                std::optional<std::chrono::system_clock::time_point> last_active)>;
using SessionWalk = std::function<Result<void>(const SessionVisit& visit)>;

// `query.before` is for one conversation and has no meaning here. With a walk that tells when sessions were active, an
// event is missed that claims to be a minute younger than its session's last activity, or more.
Result<std::vector<MemoryEvent>> merge_sessions(Memory& memory, const SessionWalk& walk, const EventQuery& query);

}  // namespace pais::memory
