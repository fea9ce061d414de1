// Reading JSON that strangers wrote. (Writing is nlohmann's `dump`, see `dump_json` for text that may not be UTF-8.)
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "nlohmann/json_fwd.hpp"

#include "base/result.h"

namespace pais {

inline constexpr std::size_t kMaxJsonDepth = 64;

// Code::malformed when it is not JSON, not UTF-8, or nested deeper than `max_depth`.
Result<nlohmann::json> parse_json(std::string_view text, std::size_t max_depth = kMaxJsonDepth);

// Compact; bytes that are not UTF-8 become U+FFFD instead of an exception.
std::string dump_json(const nlohmann::json& value);

}  // namespace pais
