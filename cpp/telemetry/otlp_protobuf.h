// The words of OTLP as protobuf: numbered fields, what is zero or empty left out.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <vector>

#include "protozero/basic_pbf_writer.hpp"

#include "telemetry/bytes.h"
#include "telemetry/repaired.h"
#include "telemetry/signals.h"

// How protozero writes into Bytes.
template <>
struct protozero::buffer_customization<pais::telemetry::Bytes> {
  using Bytes = pais::telemetry::Bytes;

  static std::size_t size(const Bytes* bytes) { return bytes->size(); }
  static void append(Bytes* bytes, const char* data, std::size_t size) { bytes->append({data, size}); }
  static void append_zeros(Bytes* bytes, std::size_t count) {
    for (; count > 0; --count) bytes->push_back('\0');
  }
  static void resize(Bytes* bytes, std::size_t size) { bytes->shorten(size); }
  static void reserve_additional(Bytes* bytes, std::size_t more) { bytes->reserve(more); }
  static void erase_range(Bytes* bytes, std::size_t from, std::size_t to) {
    std::copy(bytes->data() + to, bytes->data() + bytes->size(), bytes->data() + from);
    bytes->shorten(bytes->size() - (to - from));
  }
  static char* at_pos(Bytes* bytes, std::size_t position) { return bytes->data() + position; }
  static void push_back(Bytes* bytes, char byte) { bytes->push_back(byte); }
};

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

// The beginning of a field of so many bytes, which follow.
inline void open_bytes(Bytes& out, std::uint32_t field, std::size_t size) {
  char* at = out.room(2 * protozero::max_varint_length);
  at += protozero::add_varint_to_buffer(at, tag_of_bytes(field));
  at += protozero::add_varint_to_buffer(at, size);
  out.end_at(at);
}

inline void append_bytes(Bytes& out, std::uint32_t field, std::string_view bytes) {
  open_bytes(out, field, bytes.size());
  out.append(bytes);
}

// One message, at the end of `out`. Its fields are written in any order.
class ProtobufMessage {
 public:
  explicit ProtobufMessage(Bytes& out) : out_(out), writer_(out) {}

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

  Bytes& out_;
  protozero::basic_pbf_writer<Bytes> writer_;
};

}  // namespace pais::telemetry
