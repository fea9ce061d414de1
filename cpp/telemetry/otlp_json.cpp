#include "telemetry/otlp_json.h"

#include <charconv>
#include <cmath>

namespace pais::telemetry {

void append_json_number(std::string& out, double value) {
  if (std::isnan(value)) return void(out += "\"NaN\"");
  if (std::isinf(value)) return void(out += value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
  std::array<char, 32> digits{};
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
}

}  // namespace pais::telemetry
