#include "telemetry/attribute_writer.h"

#include <algorithm>
#include <variant>
#include <vector>

#include "base/utf8.h"
#include "telemetry/otlp_protobuf.h"

namespace pais::telemetry {
namespace {

// KeyValue and AnyValue, as opentelemetry-proto 1.x numbers them.
constexpr std::uint32_t kKey = 1;
constexpr std::uint32_t kValue = 2;
constexpr std::uint32_t kText = 1;
constexpr std::uint32_t kFlag = 2;
constexpr std::uint32_t kWhole = 3;
constexpr std::uint32_t kNumber = 4;
constexpr std::uint32_t kArray = 5;
constexpr std::uint32_t kValues = 1;
constexpr std::size_t kTag = 1;  // the bytes that the number of one of them takes

using Writer = protozero::basic_pbf_writer<Bytes>;

struct Adder {
  AttributeWriter& writer;
  std::string_view key;

  void operator()(bool value) const { writer.flag(key, value); }
  void operator()(std::int64_t value) const { writer.whole(key, value); }
  void operator()(double value) const { writer.number(key, value); }
  void operator()(const std::string& value) const { writer.text(key, value); }
  void operator()(const std::vector<std::string>& values) const {
    writer.texts(key, std::vector<std::string_view>(values.begin(), values.end()));
  }
};

}  // namespace

std::string_view beginning_of(std::string_view text) {
  return text_up_to(text, kLongestValue);
}

bool AttributeWriter::has_room() {
  if (written_ >= kMostOfAKind) {
    ++left_out_;
    return false;
  }
  ++written_;
  return true;
}

// All of a pair but its value, which follows in so many bytes.
void AttributeWriter::open(std::string_view key, std::size_t value_size) {
  open_bytes(bytes_, field_, size_of_bytes(kKey, key.size()) + size_of_bytes(kValue, value_size));
  append_bytes(bytes_, kKey, key);
  open_bytes(bytes_, kValue, value_size);
}

void AttributeWriter::text(std::string_view key, std::string_view value) {
  if (value.size() > kLongestValue) return cut(key, value);
  if (!has_room()) return;
  const Repaired text(value);
  open(key, size_of_bytes(kText, text.text().size()));
  append_bytes(bytes_, kText, text.text());
}

void AttributeWriter::list(std::string_view key, std::string_view members) {
  const std::size_t size = members.size() + 2;
  if (size > kLongestValue) return cut(key, '[' + std::string(members.substr(0, kLongestValue)) + ']');
  if (!has_room()) return;
  open(key, size_of_bytes(kText, size));
  open_bytes(bytes_, kText, size);
  bytes_.push_back('[');
  bytes_.append(members);
  bytes_.push_back(']');
}

void AttributeWriter::cut(std::string_view key, std::string_view text) {
  this->text(key, beginning_of(text));
  flag(std::string(key) + ".truncated", true);
}

void AttributeWriter::texts(std::string_view key, std::span<const std::string_view> values) {
  if (!has_room()) return;
  const auto size_of = [](const Repaired& text) { return size_of_bytes(kText, text.text().size()); };
  std::size_t size = 0;
  for (const std::string_view value : values) size += size_of_bytes(kValues, size_of(Repaired(beginning_of(value))));
  open(key, size_of_bytes(kArray, size));
  open_bytes(bytes_, kArray, size);
  for (const std::string_view value : values) {
    const Repaired text(beginning_of(value));
    open_bytes(bytes_, kValues, size_of(text));
    append_bytes(bytes_, kText, text.text());
  }
  const auto is_long = [](std::string_view value) { return value.size() > kLongestValue; };
  if (std::ranges::any_of(values, is_long)) flag(std::string(key) + ".truncated", true);
}

void AttributeWriter::whole(std::string_view key, std::int64_t value) {
  if (!has_room()) return;
  open(key, kTag + static_cast<std::size_t>(protozero::length_of_varint(static_cast<std::uint64_t>(value))));
  Writer(bytes_).add_int64(kWhole, value);
}

void AttributeWriter::number(std::string_view key, double value) {
  if (!has_room()) return;
  open(key, kTag + sizeof value);
  Writer(bytes_).add_double(kNumber, value);
}

void AttributeWriter::flag(std::string_view key, bool value) {
  if (!has_room()) return;
  open(key, kTag + 1);
  Writer(bytes_).add_bool(kFlag, value);
}

void AttributeWriter::add(const Attributes& attributes) {
  for (const auto& [key, value] : attributes) {
    const Repaired name(key);
    std::visit(Adder{*this, name.text()}, value);
  }
}

void AttributeWriter::add(const AttributeWriter& written) {
  written_ += written.written_;
  bytes_.append(written.bytes());
}

}  // namespace pais::telemetry
