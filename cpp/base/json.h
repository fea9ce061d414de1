// Reading JSON that strangers wrote. (Writing is nlohmann's `dump`, see `dump_json` for text that may not be UTF-8.)
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "nlohmann/json_fwd.hpp"

#include "base/result.h"

namespace pais {

inline constexpr std::size_t kMaxJsonDepth = 64;

struct JsonLimits {
  std::size_t depth = kMaxJsonDepth;
  std::size_t values = 1'000'000;  // of whatever kind, at whatever depth; in memory each takes up to a hundred bytes
};

// Code::malformed when it is not JSON, not UTF-8, or nested too deep; Code::too_large when it holds too many values.
Result<nlohmann::json> parse_json(std::string_view text, const JsonLimits& limits = {});

// Compact; bytes that are not UTF-8 become U+FFFD instead of an exception.
std::string dump_json(const nlohmann::json& value);

}  // namespace pais
