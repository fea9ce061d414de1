// The codes that a client is never told, by the names tests call them.
#pragma once

#include <string_view>

#include "base/error.h"

namespace pais::test {

inline std::string_view plumbing(Code code) {
  switch (code) {
    case Code::unreachable:
      return "unreachable";
    case Code::timed_out:
      return "timed_out";
    case Code::too_large:
      return "too_large";
    case Code::malformed:
      return "malformed";
    case Code::cancelled:
      return "cancelled";
    default:
      return "another";
  }
}

}  // namespace pais::test
