// Telling text from bytes that only pretend to be text.
#pragma once

#include <cstddef>
#include <string_view>

namespace pais {

// How many bytes the first character of `text` takes; 0 when `text` is empty or does not begin with valid UTF-8.
std::size_t first_character(std::string_view text);

bool is_utf8(std::string_view text);

// The longest beginning of `text` of at most `limit` bytes that does not cut a character in two.
std::string_view text_up_to(std::string_view text, std::size_t limit);

}  // namespace pais
