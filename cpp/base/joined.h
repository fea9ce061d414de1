#pragma once

#include <string>
#include <string_view>

namespace pais {

// The texts of a range in one, with `between` between each two.
template <typename Texts>
std::string joined(const Texts& texts, std::string_view between) {
  std::string all;
  bool is_first = true;
  for (const std::string_view text : texts) {
    if (!is_first) all += between;
    all += text;
    is_first = false;
  }
  return all;
}

}  // namespace pais
