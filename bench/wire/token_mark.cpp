#include "wire/token_mark.h"

#include <charconv>
#include <cstdint>

namespace pais::bench {
namespace {

// The number at the head of `text` and the `end` behind it, both cut off.
std::optional<std::uint64_t> take_number(std::string_view& text, char end) {
  std::uint64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || stop == text.data() + text.size() || *stop != end) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()) + 1);
  return value;
}

}  // namespace

void append_mark(std::string& text, const TokenMark& mark) {
  const auto sent = std::chrono::duration_cast<std::chrono::nanoseconds>(mark.sent.time_since_epoch());
  text += '~';
  text += std::to_string(mark.index);
  text += '@';
  text += std::to_string(sent.count());
  text += '~';
}

std::optional<TokenMark> take_mark(std::string_view& text) {
  for (auto start = text.find('~'); start != std::string_view::npos; start = text.find('~', start + 1)) {
    auto rest = text.substr(start + 1);
    const auto index = take_number(rest, '@');
    if (!index) continue;
    const auto sent = take_number(rest, '~');
    if (!sent) continue;
    text = rest;
    return TokenMark{.index = *index, .sent = MonotonicTime{std::chrono::nanoseconds{*sent}}};
  }
  return std::nullopt;
}

}  // namespace pais::bench
