#include "telemetry/otlp_json.h"

#include <charconv>
#include <cmath>

#include "telemetry/repaired.h"

namespace pais::telemetry {
namespace {

void append_escaped(std::string& out, char c) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  switch (c) {
    case '"':
    case '\\':
      out += '\\';
      out += c;
      return;
    case '\n':
      out += "\\n";
      return;
    default:
      out += "\\u00";
      out += kDigits[byte >> 4U];
      out += kDigits[byte & 15U];
  }
}

}  // namespace

void append_json_text(std::string& out, std::string_view text) {
  const Repaired repaired(text);
  out += '"';
  for (const char c : repaired.text()) {
    const bool plain = static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
    plain ? void(out += c) : append_escaped(out, c);
  }
  out += '"';
}

void append_json_number(std::string& out, double value) {
  if (std::isnan(value)) return void(out += "\"NaN\"");
  if (std::isinf(value)) return void(out += value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
  std::array<char, 32> digits{};
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
}

}  // namespace pais::telemetry
