#include "http/retry_after.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <string>

namespace pais::http {
namespace {

using std::chrono::seconds;

std::optional<seconds> read_seconds(std::string_view value) {
  constexpr double kLongest = 365 * 24 * 3600;
  if (value.find_first_not_of("0123456789.") != std::string_view::npos) return std::nullopt;
  const std::string text(value);
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || *end != '\0') return std::nullopt;
  return seconds(static_cast<std::int64_t>(std::ceil(std::min(number, kLongest))));
}

// "Fri, 20 Nov 2026 20:27:27 GMT"
std::optional<seconds> read_date(std::string_view value, std::chrono::system_clock::time_point now) {
  std::tm date{};
  const std::string text(value);
  const char* const end = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date);
  if (end == nullptr || *end != '\0') return std::nullopt;
  const auto then = std::chrono::system_clock::from_time_t(timegm(&date));
  return std::max(std::chrono::ceil<seconds>(then - now), seconds(0));
}

}  // namespace

std::optional<seconds> read_retry_after(std::string_view value, std::chrono::system_clock::time_point now) {
  if (value.empty()) return std::nullopt;
  if (const auto span = read_seconds(value)) return span;
  return read_date(value, now);
}

}  // namespace pais::http
