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

void AttributeWriter::pair(std::string_view key, std::string_view value) {
  const std::size_t size = size_of_bytes(kKey, key.size()) + size_of_bytes(kValue, value.size());
  bytes_.append(Openings().open(field_, size).open(kKey, key.size()).bytes()).append(key);
  append_bytes(bytes_, kValue, value);
}

void AttributeWriter::text(std::string_view key, std::string_view value) {
  text_between(key, "", value, "");
}

void AttributeWriter::list(std::string_view key, std::string_view members) {
  text_between(key, "[", members, "]");
}

void AttributeWriter::text_between(std::string_view key, std::string_view opening, std::string_view value,
                                   std::string_view closing) {
  const std::size_t whole_size = opening.size() + value.size() + closing.size();
  if (whole_size > kLongestValue) {
    std::string whole(opening);
    return cut(key, whole.append(value.substr(0, kLongestValue + 1)).append(closing));
  }
  if (!has_room()) return;
  const Repaired text(value);
  const std::size_t text_size = opening.size() + text.text().size() + closing.size();
  const std::size_t value_size = size_of_bytes(kText, text_size);
  const std::size_t size = size_of_bytes(kKey, key.size()) + size_of_bytes(kValue, value_size);
  bytes_.append(Openings().open(field_, size).open(kKey, key.size()).bytes()).append(key);
  bytes_.append(Openings().open(kValue, value_size).open(kText, text_size).bytes());
  bytes_.append(opening).append(text.text()).append(closing);
}

void AttributeWriter::cut(std::string_view key, const std::string& text) {
  this->text(key, beginning_of(text));
  flag(std::string(key) + ".truncated", true);
}

void AttributeWriter::texts(std::string_view key, std::span<const std::string_view> values) {
  if (!has_room()) return;
  std::string array;
  for (const std::string_view value : values) {
    const Repaired text(beginning_of(value));
    open_bytes(array, kValues, size_of_bytes(kText, text.text().size()));
    append_bytes(array, kText, text.text());
  }
  std::string any;
  append_bytes(any, kArray, array);
  pair(key, any);
  const auto is_long = [](std::string_view value) { return value.size() > kLongestValue; };
  if (std::ranges::any_of(values, is_long)) flag(std::string(key) + ".truncated", true);
}

void AttributeWriter::whole(std::string_view key, std::int64_t value) {
  if (!has_room()) return;
  std::string any;
  protozero::pbf_writer(any).add_int64(kWhole, value);
  pair(key, any);
}

void AttributeWriter::number(std::string_view key, double value) {
  if (!has_room()) return;
  std::string any;
  protozero::pbf_writer(any).add_double(kNumber, value);
  pair(key, any);
}

void AttributeWriter::flag(std::string_view key, bool value) {
  if (!has_room()) return;
  std::string any;
  protozero::pbf_writer(any).add_bool(kFlag, value);
  pair(key, any);
}

void AttributeWriter::add(const Attributes& attributes) {
  for (const auto& [key, value] : attributes) {
    const Repaired name(key);
    std::visit(Adder{*this, name.text()}, value);
  }
}

void AttributeWriter::add(const AttributeWriter& written) {
  written_ += written.written_;
  bytes_ += written.bytes_;
}

}  // namespace pais::telemetry
