// The bytes of one request after the other: always the same, or with a number that changes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "load/target.h"

namespace pais::bench {

class Wording {
 public:
  static constexpr std::string_view kNumber = "########";

  // When the target varies, `kNumber` stands in its request.
  explicit Wording(const Target& target);

  // Valid until the next call. Of `vary` calls in a row each has another number; neighbours are far apart.
  std::string_view next();

 private:
  std::string request_;
  std::size_t number_at_;
  std::size_t vary_;
  std::size_t step_ = 1;
  std::size_t number_ = 0;
};

}  // namespace pais::bench
