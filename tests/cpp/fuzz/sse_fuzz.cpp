// Any way to cut a stream of events gives the same events. The first byte says where the cuts are.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/sse.h"

namespace {

constexpr std::size_t kMaxEventBytes = 256;

struct Seen {
  std::vector<std::string> events;
  bool overflowed = false;
  std::optional<std::chrono::milliseconds> retry;

  bool operator==(const Seen&) const = default;
};

Seen read(std::string_view stream, std::size_t piece) {
  pais::http::SseReader reader(kMaxEventBytes);
  Seen seen;
  while (!stream.empty()) {
    const std::string_view bytes = stream.substr(0, piece);
    stream.remove_prefix(bytes.size());
    reader.feed(bytes, [&](const pais::http::SseEvent& event) {
      if (event.data.size() > kMaxEventBytes) std::abort();
      seen.events.push_back(event.event + '\0' + event.data + '\0' + event.id);
      return true;
    });
  }
  seen.overflowed = reader.overflowed();
  seen.retry = reader.retry();
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t piece = 1 + data[0] % 16;
  if (read(stream, piece) != read(stream, stream.size())) std::abort();
  return 0;
}
