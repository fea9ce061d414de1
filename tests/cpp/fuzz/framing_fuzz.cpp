// Any way to cut the head of a request gives the same head or the same refusal, and a head that was taken keeps its
// promises. The first byte says where the cuts are.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "http/framing.h"
#include "http/request_parser.h"

namespace {

using pais::http::Head;

constexpr pais::http::HeadLimits kLimits{.bytes = 512, .lines = 16, .target_bytes = 128, .line_bytes = 96};

struct Seen {
  std::optional<pais::Code> code;
  std::optional<Head> head;
};

// Gives more and more of `bytes`, `piece` at a time, as a socket would.
Seen read(std::string_view bytes, std::size_t piece) {
  std::size_t searched = 0;
  for (std::size_t size = 0; size < bytes.size();) {
    size = std::min(bytes.size(), size + piece);
    const auto head = pais::http::read_head(bytes.substr(0, size), kLimits, searched);
    if (searched > size) std::abort();
    if (!head) return Seen{.code = head.error().code, .head = {}};
    if (*head) return Seen{.code = {}, .head = **head};
  }
  return {};
}

bool same(const Head& a, const Head& b) {
  return a.method == b.method && a.target == b.target && a.host == b.host && a.fields == b.fields && a.size == b.size &&
         a.minor_version == b.minor_version && a.body == b.body && a.content_length == b.content_length &&
         a.keep_alive == b.keep_alive && a.expects_continue == b.expects_continue && a.compressed == b.compressed;
}

bool plain(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

void check(const Head& head, std::string_view bytes) {
  const bool within = head.size <= bytes.size() && head.size <= kLimits.bytes;
  if (!within || head.target.empty() || head.target.size() > kLimits.target_bytes) std::abort();
  if (!bytes.substr(0, head.size).ends_with("\r\n\r\n")) std::abort();
  if (head.body != Head::Body::sized && head.content_length != 0) std::abort();
  if (!pais::http::is_token(head.method) || !plain(head.target) || !plain(head.host)) std::abort();
  pais::http::for_each_field(head.fields, [](std::string_view name, std::string_view value) {
    if (!pais::http::is_token(name) || !plain(value)) std::abort();
  });

  static pais::http::RequestParser parser;
  const auto request = parser.parse(head);
  if (request && (request->method != head.method || request->path != head.path())) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Seen whole = read(bytes, bytes.size());
  const Seen cut = read(bytes, 1 + data[0] % 16);
  if (whole.head.has_value() != cut.head.has_value()) std::abort();
  if (whole.head && !same(*whole.head, *cut.head)) std::abort();
  // A refusal may come earlier, and for a later reason, when less is there to look at; it may not be taken back.
  if (whole.code.has_value() != cut.code.has_value()) std::abort();
  if (whole.head) check(*whole.head, bytes);
  return 0;
}
