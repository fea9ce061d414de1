// The mark inside the text of each streamed token: which one it is, and when the fake model sent it.
//
//   ~17@81234567890123~
//
// The time is CLOCK_MONOTONIC in nanoseconds, which every process of a machine reads alike. So whoever reads the token
// knows how long it was under way, whatever stood in between, and whether one is missing, doubled or out of order.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace pais::bench {

using MonotonicTime = std::chrono::steady_clock::time_point;

struct TokenMark {
  std::size_t index = 0;
  MonotonicTime sent;
};

void append_mark(std::string& text, const TokenMark& mark);

// The first mark in `text`, which is cut off up to the mark's end; none, and `text` untouched, when there is none.
std::optional<TokenMark> take_mark(std::string_view& text);

}  // namespace pais::bench
