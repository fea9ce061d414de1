// Names that every model server takes for a tool: at most 64 letters, digits, `_` and `-` of ASCII.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pais::tools {

inline constexpr std::size_t kMostToolNameBytes = 64;

// The text itself when it is such a name. Else other characters become `_`, and the end of a long one a hash of it all.
std::string usable_name(std::string_view text);

// Hexadecimal digits, 16 at most. The same for the same text in every process, so that a name stays what it was.
std::string stable_hash(std::string_view text, std::size_t digits = 8);

}  // namespace pais::tools
