// Bytes that are put one behind the other in many small pieces, all of it inline: a std::string makes a call of each.
//
// Keeps its room when it is cleared. For one thread at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace pais::telemetry {

class Bytes {
 public:
  Bytes() = default;
  explicit Bytes(std::string_view bytes) { append(bytes); }
  Bytes(const Bytes& other) : Bytes(other.view()) {}
  Bytes(Bytes&& other) noexcept
      : data_(std::move(other.data_)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  Bytes& operator=(Bytes other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  ~Bytes() = default;

  std::string_view view() const { return {data_.get(), size_}; }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  bool empty() const { return size_ == 0; }
  char* data() { return data_.get(); }

  void reserve(std::size_t more) {
    if (capacity_ - size_ < more) grow(more);
  }
  void append(std::string_view piece) {
    reserve(piece.size());
    std::copy(piece.begin(), piece.end(), data_.get() + size_);
    size_ += piece.size();
  }
  // Room for so many more, to be written at once; `end_at` says how far they have come.
  char* room(std::size_t most) {
    reserve(most);
    return data_.get() + size_;
  }
  void end_at(const char* end) { size_ = static_cast<std::size_t>(end - data_.get()); }
  void push_back(char byte) {
    reserve(1);
    data_[size_++] = byte;
  }
  // The first `size` of them stay.
  void shorten(std::size_t size) { size_ = size; }
  void clear() { size_ = 0; }

 private:
  void grow(std::size_t more);

  std::unique_ptr<char[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

// Pieces of one text, one behind the other.
std::string joined(std::span<const Bytes> pieces);

}  // namespace pais::telemetry
