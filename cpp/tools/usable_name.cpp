#include "tools/usable_name.h"

#include <algorithm>
#include <cstdint>

namespace pais::tools {
namespace {

bool is_usable(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

}  // namespace

std::string usable_name(std::string_view text) {
  std::string name(text);
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !is_usable(c); }, '_');
  if (name.size() <= kMostToolNameBytes) return name;
  const std::string tail = "_" + stable_hash(text);
  return name.substr(0, kMostToolNameBytes - tail.size()) + tail;
}

std::string stable_hash(std::string_view text, std::size_t digits) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  std::string written;
  for (; written.size() < std::min<std::size_t>(digits, 16); hash >>= 4U) written += kHex[hash & 0xFU];
  return written;
}

}  // namespace pais::tools
