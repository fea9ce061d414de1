// The words of OTLP as protobuf: numbered fields, what is zero or empty left out.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "protozero/pbf_writer.hpp"

#include "telemetry/repaired.h"
#include "telemetry/signals.h"

namespace pais::telemetry {

inline std::uint64_t nanoseconds(Time time) {
  const auto since = std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
  return since < 0 ? 0 : static_cast<std::uint64_t>(since);
}

constexpr std::uint64_t tag_of_bytes(std::uint32_t field) {
  return field << 3U | 2U;
}

// What a field of so many bytes takes, with its tag and its length.
inline std::size_t size_of_bytes(std::uint32_t field, std::size_t size) {
  const int head = protozero::length_of_varint(tag_of_bytes(field)) + protozero::length_of_varint(size);
  return static_cast<std::size_t>(head) + size;
}

// The beginnings of fields of so many bytes, one in the other, put together before they are written: a string grows by
// whole pieces much faster than byte by byte. The bytes follow.
class Openings {
 public:
  Openings& open(std::uint32_t field, std::size_t size) {
    end_ += protozero::add_varint_to_buffer(end_, tag_of_bytes(field));
    end_ += protozero::add_varint_to_buffer(end_, size);
    return *this;
  }
  std::string_view bytes() const { return {bytes_.data(), static_cast<std::size_t>(end_ - bytes_.data())}; }

 private:
  static constexpr std::size_t kMostInOneAnother = 3;

  std::array<char, kMostInOneAnother * 2 * protozero::max_varint_length> bytes_;
  char* end_ = bytes_.data();
};

inline void open_bytes(std::string& out, std::uint32_t field, std::size_t size) {
  out += Openings().open(field, size).bytes();
}

inline void append_bytes(std::string& out, std::uint32_t field, std::string_view bytes) {
  open_bytes(out, field, bytes.size());
  out += bytes;
}

// One message, at the end of `out`. Its fields are written in any order.
class ProtobufMessage {
 public:
  explicit ProtobufMessage(std::string& out) : out_(out), writer_(out) {}

  void text(std::uint32_t field, std::string_view value) {
    if (!value.empty()) always_text(field, value);
  }
  void id(std::uint32_t field, const auto& bytes) {
    if (bytes == std::remove_cvref_t<decltype(bytes)>{}) return;
    writer_.add_bytes(field, reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  void fixed64(std::uint32_t field, std::uint64_t value) {
    if (value != 0) writer_.add_fixed64(field, value);
  }
  void fixed32(std::uint32_t field, std::uint32_t value) {
    if (value != 0) writer_.add_fixed32(field, value);
  }
  void small(std::uint32_t field, std::uint32_t value) {
    if (value != 0) writer_.add_uint32(field, value);
  }
  void flag(std::uint32_t field, bool value) {
    if (value) writer_.add_bool(field, true);
  }

  // Members of a oneof: they are there, whatever their value.
  void always_text(std::uint32_t field, std::string_view value) {
    const Repaired text(value);
    writer_.add_string(field, text.text().data(), text.text().size());
  }
  void always_number(std::uint32_t field, double value) { writer_.add_double(field, value); }
  void always_sfixed64(std::uint32_t field, std::int64_t value) { writer_.add_sfixed64(field, value); }

  void fixed64s(std::uint32_t field, const std::vector<std::uint64_t>& values) {
    writer_.add_packed_fixed64(field, values.begin(), values.end());
  }
  void numbers(std::uint32_t field, const std::vector<double>& values) {
    writer_.add_packed_double(field, values.begin(), values.end());
  }

  // Fields that are written already, with their tags.
  void written(std::string_view fields) { out_.append(fields); }

  template <typename Write>
  void message(std::uint32_t field, Write write) {
    const std::size_t before = out_.size();
    {
      ProtobufMessage inner(*this, field);
      write(inner);
    }
    // protozero takes back a message that has stayed empty, where its being there may say something.
    if (out_.size() == before) writer_.add_message(field, "", 0);
  }
  template <typename Items, typename Write>
  void messages(std::uint32_t field, const Items& items, Write write) {
    for (const auto& item : items) {
      message(field, [&](ProtobufMessage& inner) { write(inner, item); });
    }
  }

 private:
  ProtobufMessage(ProtobufMessage& outer, std::uint32_t field) : out_(outer.out_), writer_(outer.writer_, field) {}

  std::string& out_;
  protozero::pbf_writer writer_;
};

}  // namespace pais::telemetry
