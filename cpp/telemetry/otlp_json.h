// The words of OTLP as JSON: named fields, ids in hexadecimal, 64-bit numbers as text, what is zero or empty left out.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_text.h"
#include "telemetry/trace_context.h"

namespace pais::telemetry {

void append_json_number(std::string& out, double value);

// One object, open while it lives. The numbers of fields are of no use here.
class JsonMessage {
 public:
  explicit JsonMessage(std::string& out) : out_(out) { out_ += '{'; }
  ~JsonMessage() { out_ += '}'; }
  JsonMessage(const JsonMessage&) = delete;
  JsonMessage& operator=(const JsonMessage&) = delete;

  void text(std::uint32_t field, const char* name, std::string_view value) {
    if (!value.empty()) always_text(field, name, value);
  }
  void id(std::uint32_t, const char* name, const auto& bytes) {
    if (bytes == std::remove_cvref_t<decltype(bytes)>{}) return;
    key(name);
    append_json_string(out_, hex(bytes));
  }
  void fixed64(std::uint32_t, const char* name, std::uint64_t value) {
    if (value != 0) quoted(name, std::to_string(value));
  }
  void fixed32(std::uint32_t field, const char* name, std::uint32_t value) { small(field, name, value); }
  void small(std::uint32_t, const char* name, std::uint32_t value) {
    if (value == 0) return;
    key(name);
    out_ += std::to_string(value);
  }
  void flag(std::uint32_t field, const char* name, bool value) {
    if (value) always_flag(field, name, true);
  }
  void number(std::uint32_t field, const char* name, double value) {
    if (value != 0) always_number(field, name, value);
  }

  // Members of a oneof: they are there, whatever their value.
  void always_text(std::uint32_t, const char* name, std::string_view value) {
    key(name);
    append_json_string(out_, value);
  }
  void always_flag(std::uint32_t, const char* name, bool value) {
    key(name);
    out_ += value ? "true" : "false";
  }
  void always_int(std::uint32_t, const char* name, std::int64_t value) { quoted(name, std::to_string(value)); }
  void always_number(std::uint32_t, const char* name, double value) {
    key(name);
    append_json_number(out_, value);
  }
  void always_sfixed64(std::uint32_t, const char* name, std::int64_t value) { quoted(name, std::to_string(value)); }

  void fixed64s(std::uint32_t, const char* name, const std::vector<std::uint64_t>& values) {
    list(name, values, [this](std::uint64_t value) { out_.append("\"").append(std::to_string(value)).append("\""); });
  }
  void numbers(std::uint32_t, const char* name, const std::vector<double>& values) {
    list(name, values, [this](double value) { append_json_number(out_, value); });
  }

  template <typename Write>
  void message(std::uint32_t, const char* name, Write write) {
    key(name);
    JsonMessage inner(out_);
    write(inner);
  }
  template <typename Items, typename Write>
  void messages(std::uint32_t, const char* name, const Items& items, Write write) {
    list(name, items, [&](const auto& item) {
      JsonMessage inner(out_);
      write(inner, item);
    });
  }

 private:
  void key(const char* name) {
    if (!empty_) out_ += ',';
    empty_ = false;
    out_.append("\"").append(name).append("\":");
  }

  void quoted(const char* name, std::string_view digits) {
    key(name);
    out_.append("\"").append(digits).append("\"");
  }

  template <typename Items, typename Append>
  void list(const char* name, const Items& items, Append append) {
    if (std::empty(items)) return;
    key(name);
    char before = '[';
    for (const auto& item : items) {
      out_ += before;
      append(item);
      before = ',';
    }
    out_ += ']';
  }

  std::string& out_;
  bool empty_ = true;
};

}  // namespace pais::telemetry
