#include "tools/mcp/header_value.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace pais::tools::mcp {
namespace {

constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kOpening = "=?base64?";
constexpr std::string_view kClosing = "?=";

bool is_plain(std::string_view text) {
  const bool visible = std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
  const bool padded = !text.empty() && (text.front() == ' ' || text.back() == ' ');
  return visible && !padded && !(text.starts_with(kOpening) && text.ends_with(kClosing));
}

}  // namespace

std::string base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::string_view group = bytes.substr(at, 3);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i)
      bits = bits << 8U | (i < group.size() ? static_cast<unsigned char>(group[i]) : 0U);
    for (std::size_t i = 0; i < 4; ++i) text += i <= group.size() ? kDigits[bits >> (18U - 6U * i) & 0x3FU] : '=';
  }
  return text;
}

std::string header_value(std::string_view text) {
  if (is_plain(text)) return std::string(text);
  return std::string(kOpening) + base64(text) + std::string(kClosing);
}

}  // namespace pais::tools::mcp
