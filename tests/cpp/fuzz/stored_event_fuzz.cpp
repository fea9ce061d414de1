// A stored event, as anybody who can reach the Redis may have written it: whatever is accepted can be written, read
// again, and is the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "memory/event.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pais::memory;
  auto event = read_event(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!event) return 0;
  const std::string written = event_json(*event);
  const auto again = read_event(written);
  if (!again || event_json(*again) != written) std::abort();

  cut_to_limit(*event, 64);
  if (event->content.text.size() > 64 || !read_event(event_json(*event))) std::abort();
  return 0;
}
