// Writing JSON straight into a string, for texts that are on the path of every request.
#pragma once

#include <string>
#include <string_view>

namespace pais {

// Appends `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

}  // namespace pais
