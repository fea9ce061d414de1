#include "telemetry/bytes.h"

namespace pais::telemetry {

void Bytes::grow(std::size_t more) {
  constexpr std::size_t kLeast = 64;
  const std::size_t capacity = std::max({size_ + more, 2 * capacity_, kLeast});
  auto data = std::make_unique_for_overwrite<char[]>(capacity);
  std::copy_n(data_.get(), size_, data.get());
  data_ = std::move(data);
  capacity_ = capacity;
}

std::string joined(std::span<const Bytes> pieces) {
  std::size_t size = 0;
  for (const Bytes& piece : pieces) size += piece.size();
  std::string whole;
  whole.reserve(size);
  for (const Bytes& piece : pieces) whole += piece.view();
  return whole;
}

}  // namespace pais::telemetry
