// The header `Retry-After`: seconds, or a date.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace pais::http {

// How long to wait, counted from `now`; never less than zero. Fractions of a second are rounded up.
std::optional<std::chrono::seconds> read_retry_after(std::string_view value, std::chrono::system_clock::time_point now);

}  // namespace pais::http
