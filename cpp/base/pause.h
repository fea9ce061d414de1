// Waiting that a stop ends at once.
#pragma once

#include <chrono>
#include <stop_token>

namespace pais {

// False when the stop came first.
bool pause_until(std::chrono::steady_clock::time_point end, const std::stop_token& stop);

}  // namespace pais
