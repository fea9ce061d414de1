#pragma once

#include <string_view>

namespace pais {

// Whether `word`, which is in lower case, stands in `text` in any letter case.
bool mentions(std::string_view text, std::string_view word);

}  // namespace pais
