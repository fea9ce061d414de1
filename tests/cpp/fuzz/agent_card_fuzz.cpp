// An agent card, as another agent may send it: what is made of it can be written, read again, and is the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "a2a/card.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pais::a2a;
  const auto card = read_card(std::string_view(reinterpret_cast<const char*>(data), size), "fallback");
  if (!card) return 0;
  if (card->name.empty() || card->name.size() > 256 || card->description.size() > 4096) std::abort();
  const std::string written = write_card(*card);
  const auto again = read_card(written, "other");
  if (!again || write_card(*again) != written) std::abort();
  return 0;
}
