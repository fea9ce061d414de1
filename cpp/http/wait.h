// Waiting for a socket with a deadline, in a way that a stop token ends at once.
#pragma once

#include <chrono>
#include <poll.h>
#include <span>
#include <stop_token>

#include "base/result.h"

namespace pais::http {

using Deadline = std::chrono::steady_clock::time_point;

inline constexpr Deadline kNoDeadline = Deadline::max();

// `span` from now; a span of 0 has no end.
Deadline deadline_in(std::chrono::milliseconds span);

inline constexpr std::size_t kMaxWatched = 16;

// Waits until one of `watched` (at most kMaxWatched) is ready; their `revents` say which. Failures: `timed_out`,
// `cancelled`.
Result<void> wait_for(std::span<pollfd> watched, Deadline deadline, const std::stop_token& stop);

// The same for one descriptor.
Result<void> wait_for(int fd, short events, Deadline deadline, const std::stop_token& stop);

}  // namespace pais::http
