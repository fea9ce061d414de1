// Random names that cannot be guessed: from the system's own source of randomness, cheap to take.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace pais {

// `digits` hexadecimal digits, from any thread.
std::string random_hex(std::size_t digits);

void random_bytes(std::span<std::uint8_t> bytes);

inline std::string new_run_id() {
  return "run_" + random_hex(12);
}
inline std::string new_session_id() {
  return "session_" + random_hex(12);
}
inline std::string new_event_id() {
  return "event_" + random_hex(16);
}

}  // namespace pais
