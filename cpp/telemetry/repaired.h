// Text that is UTF-8 for sure.
#pragma once

#include <string>
#include <string_view>

#include "base/utf8.h"

namespace pais::telemetry {

// The text it was made of, which it does not copy when there is nothing to repair. Each byte that belongs to no
// character becomes U+FFFD.
class Repaired {
 public:
  explicit Repaired(std::string_view text) : whole_(text) {
    if (is_utf8(text)) return;
    while (!text.empty()) {
      const std::size_t size = first_character(text);
      mended_.append(size == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(0, size));
      text.remove_prefix(size == 0 ? 1 : size);
    }
    is_mended_ = true;
  }

  std::string_view text() const { return is_mended_ ? std::string_view(mended_) : whole_; }

 private:
  std::string_view whole_;
  std::string mended_;
  bool is_mended_ = false;
};

}  // namespace pais::telemetry
