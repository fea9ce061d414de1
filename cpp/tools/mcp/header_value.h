// Header values as the stateless protocol writes them.
#pragma once

#include <string>
#include <string_view>

namespace pais::tools::mcp {

std::string base64(std::string_view bytes);

// As it is where that is plain visible ASCII; else behind a marker, in base64.
std::string header_value(std::string_view text);

}  // namespace pais::tools::mcp
