// The words of OTLP as protobuf: numbered fields, what is zero or empty left out.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protozero/pbf_writer.hpp"

#include "telemetry/repaired.h"

namespace pais::telemetry {

// One message. Its fields are written in any order; names are those of the JSON form, and of no use here.
class ProtobufMessage {
 public:
  explicit ProtobufMessage(std::string& out) : out_(out), writer_(out) {}

  void text(std::uint32_t field, const char*, std::string_view value) {
    if (!value.empty()) always_text(field, "", value);
  }
  void id(std::uint32_t field, const char*, const auto& bytes) {
    if (bytes == std::remove_cvref_t<decltype(bytes)>{}) return;
    writer_.add_bytes(field, reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  void fixed64(std::uint32_t field, const char*, std::uint64_t value) {
    if (value != 0) writer_.add_fixed64(field, value);
  }
  void fixed32(std::uint32_t field, const char*, std::uint32_t value) {
    if (value != 0) writer_.add_fixed32(field, value);
  }
  void small(std::uint32_t field, const char*, std::uint32_t value) {
    if (value != 0) writer_.add_uint32(field, value);
  }
  void flag(std::uint32_t field, const char*, bool value) {
    if (value) writer_.add_bool(field, true);
  }
  void number(std::uint32_t field, const char*, double value) {
    if (value != 0) writer_.add_double(field, value);
  }

  // Members of a oneof: they are there, whatever their value.
  void always_text(std::uint32_t field, const char*, std::string_view value) {
    const Repaired text(value);
    writer_.add_string(field, text.text().data(), text.text().size());
  }
  void always_flag(std::uint32_t field, const char*, bool value) { writer_.add_bool(field, value); }
  void always_int(std::uint32_t field, const char*, std::int64_t value) { writer_.add_int64(field, value); }
  void always_number(std::uint32_t field, const char*, double value) { writer_.add_double(field, value); }
  void always_sfixed64(std::uint32_t field, const char*, std::int64_t value) { writer_.add_sfixed64(field, value); }

  void fixed64s(std::uint32_t field, const char*, const std::vector<std::uint64_t>& values) {
    writer_.add_packed_fixed64(field, values.begin(), values.end());
  }
  void numbers(std::uint32_t field, const char*, const std::vector<double>& values) {
    writer_.add_packed_double(field, values.begin(), values.end());
  }

  template <typename Write>
  void message(std::uint32_t field, const char*, Write write) {
    const std::size_t before = out_.size();
    {
      ProtobufMessage inner(*this, field);
      write(inner);
    }
    // protozero takes back a message that has stayed empty, where its being there may say something.
    if (out_.size() == before) writer_.add_message(field, "", 0);
  }
  template <typename Items, typename Write>
  void messages(std::uint32_t field, const char* name, const Items& items, Write write) {
    for (const auto& item : items) {
      message(field, name, [&](ProtobufMessage& inner) { write(inner, item); });
    }
  }

 private:
  ProtobufMessage(ProtobufMessage& outer, std::uint32_t field) : out_(outer.out_), writer_(outer.writer_, field) {}

  std::string& out_;
  protozero::pbf_writer writer_;
};

}  // namespace pais::telemetry
