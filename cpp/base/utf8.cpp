#include "base/utf8.h"

#include <cstdint>
#include <cstring>

namespace pais {
namespace {

bool continues(unsigned char byte) {
  return (byte & 0xC0U) == 0x80U;
}

// The length a leading byte announces; 0 for a byte that cannot lead. C0 and C1 could only be overlong.
std::size_t announced(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;
  if (lead < 0xE0) return 2;
  if (lead < 0xF0) return 3;
  return lead < 0xF5 ? 4 : 0;
}

// The second byte carries the rest of the rules: no overlong forms, no surrogates, nothing above U+10FFFF.
bool second_fits(unsigned char lead, unsigned char second) {
  switch (lead) {
    case 0xE0:
      return second >= 0xA0;
    case 0xED:
      return second < 0xA0;
    case 0xF0:
      return second >= 0x90;
    case 0xF4:
      return second < 0x90;
    default:
      return true;
  }
}

// Most text is ASCII, and eight bytes of it are looked at as one.
std::size_t ascii_words(std::string_view text) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080U;
  std::size_t size = 0;
  std::uint64_t word = 0;
  for (; size + sizeof word <= text.size(); size += sizeof word) {
    std::memcpy(&word, text.data() + size, sizeof word);
    if ((word & kHighBits) != 0) return size;
  }
  word = 0;
  std::memcpy(&word, text.data() + size, text.size() - size);
  return (word & kHighBits) != 0 ? size : text.size();
}

}  // namespace

std::size_t first_character(std::string_view text) {
  if (text.empty()) return 0;
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t length = announced(lead);
  if (length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!continues(static_cast<unsigned char>(text[i]))) return 0;
  }
  if (length > 1 && !second_fits(lead, static_cast<unsigned char>(text[1]))) return 0;
  return length;
}

std::string_view text_up_to(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  // Back to where a character begins; three bytes back at most, or it was not UTF-8 anyway.
  std::size_t end = limit;
  while (end > 0 && limit - end < 3 && continues(static_cast<unsigned char>(text[end]))) --end;
  return text.substr(0, end);
}

bool is_utf8(std::string_view text) {
  if (text.empty()) return true;  // and may have no bytes to look at
  for (text.remove_prefix(ascii_words(text)); !text.empty(); text.remove_prefix(ascii_words(text))) {
    // Up to the end of what may be in the next word.
    for (std::size_t seen = 0; seen < sizeof(std::uint64_t) && !text.empty();) {
      const std::size_t length = first_character(text);
      if (length == 0) return false;
      text.remove_prefix(length);
      seen += length;
    }
  }
  return true;
}

}  // namespace pais
