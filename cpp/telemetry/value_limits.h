// Long values cost memory while they wait, and back ends refuse them: they are cut when they are told.
#pragma once

#include <cstddef>

#include "telemetry/signals.h"

namespace pais::telemetry {

inline constexpr std::size_t kLongestValue = 64 * 1024;

// Texts over kLongestValue bytes end there, between two characters; behind such an attribute stands
// `<its key>.truncated` = true.
void cut_long_values(Span& span);
// And so does the body, with `body.truncated`.
void cut_long_values(LogRecord& record);

}  // namespace pais::telemetry
