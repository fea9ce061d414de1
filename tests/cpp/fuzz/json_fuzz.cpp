// Bytes from strangers as JSON, and as a file of settings. What was taken must come back from being written.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "nlohmann/json.hpp"

#include "base/dotenv.h"
#include "base/json.h"
#include "base/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  if (const auto value = pais::parse_json(text)) {
    const auto again = pais::parse_json(pais::dump_json(*value));
    if (!pais::is_utf8(text) || !again || *again != *value) std::abort();
  }

  for (const auto& [name, value] : pais::parse_dotenv(text).entries) {
    if (name.empty() || value.size() > 128 * 1024) std::abort();
  }
  return 0;
}
