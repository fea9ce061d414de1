#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pais {

// A text without its "%…", as URLs and headers write it. Nothing when an escape is broken or hides a control character.
std::optional<std::string> percent_decoded(std::string_view text);

}  // namespace pais
