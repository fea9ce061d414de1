// Attributes on their way out, as the bytes that OTLP has for them.
//
// Keys are our own, and what back ends take; those of Attributes may be anybody's. What back ends would refuse is
// mended as it is written: text that is not UTF-8 is repaired; one over kLongestValue bytes ends there, between two
// characters, with `<its key>.truncated` = true behind it; of what comes after kMostOfAKind attributes only the number
// is kept. For one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "telemetry/bytes.h"
#include "telemetry/signals.h"

namespace pais::telemetry {

inline constexpr std::size_t kLongestValue = 64 * 1024;
inline constexpr std::size_t kMostOfAKind = 128;

class AttributeWriter {
 public:
  // `field` is the number that they have in the message they belong to.
  // `room` is somebody's who needs it no longer.
  explicit AttributeWriter(std::uint32_t field, Bytes room = {}) : field_(field), bytes_(std::move(room)) {
    bytes_.clear();
  }
  AttributeWriter(std::uint32_t field, const Attributes& attributes) : field_(field) { add(attributes); }

  void text(std::string_view key, std::string_view value);
  // The JSON list of members that are written already, in UTF-8 for sure, without its brackets.
  void list(std::string_view key, std::string_view members);
  void texts(std::string_view key, std::span<const std::string_view> values);
  void whole(std::string_view key, std::int64_t value);
  void number(std::string_view key, double value);
  void flag(std::string_view key, bool value);
  void add(const Attributes& attributes);
  // Some that are the same for many: written once, for this field, and few.
  void add(const AttributeWriter& written);

  std::string_view bytes() const { return bytes_.view(); }
  // The message they are fields of, for its others: protobuf takes fields in any order.
  Bytes& message() { return bytes_; }
  std::uint32_t left_out() const { return left_out_; }

 private:
  bool has_room();
  void open(std::string_view key, std::size_t value_size);
  void cut(std::string_view key, std::string_view text);

  std::uint32_t field_;
  std::uint32_t written_ = 0;
  std::uint32_t left_out_ = 0;
  Bytes bytes_;
};

// The first kLongestValue bytes of a text, or one fewer or so, for what would cut a character in two.
std::string_view beginning_of(std::string_view text);

}  // namespace pais::telemetry
