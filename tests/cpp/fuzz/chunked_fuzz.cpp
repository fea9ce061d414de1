// Any way to cut a chunked body gives the same body and the same end. The first byte says where the cuts are.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "http/chunked.h"

namespace {

constexpr std::size_t kMaxBody = 256;

struct Seen {
  std::string body;
  std::size_t used = 0;
  bool done = false;
  std::optional<pais::Code> code;

  bool operator==(const Seen&) const = default;
};

Seen read(std::string_view bytes, std::size_t piece) {
  pais::http::ChunkedReader chunks(kMaxBody);
  Seen seen;
  while (!bytes.empty() && !chunks.done()) {
    const std::string_view given = bytes.substr(0, piece);
    const auto used = chunks.feed(given, seen.body);
    if (seen.body.size() > kMaxBody) std::abort();
    if (!used) return Seen{.body = {}, .code = used.error().code};  // what came before an error is nobody's
    if (*used > given.size() || (*used < given.size() && !chunks.done())) std::abort();
    seen.used += *used;
    bytes.remove_prefix(*used);
  }
  seen.done = chunks.done();
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Seen whole = read(bytes, bytes.size());
  if (read(bytes, 1 + data[0] % 16) != whole) std::abort();
  // What stands behind the body does not belong to it.
  if (whole.done && read(bytes.substr(0, whole.used), bytes.size()) != whole) std::abort();
  return 0;
}
