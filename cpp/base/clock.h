// The time of day as the wire writes it, and a clock that tests can turn.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace pais {

// Where time comes from, for whatever has to be tested without waiting.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::chrono::steady_clock::time_point now() const = 0;
  virtual std::chrono::system_clock::time_point wall() const = 0;

  static const Clock& system();
};

// "2026-11-20T20:27:27.987679+00:00": always UTC, always six digits.
std::string iso_time(std::chrono::system_clock::time_point time);

// Reads the above, with `Z` or any offset, and any number of fraction digits.
std::optional<std::chrono::system_clock::time_point> read_iso_time(std::string_view text);

}  // namespace pais
