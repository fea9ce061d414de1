// Writes down again, as compact JSON text, the values that a parser tells of one by one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pais::model {

class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  void open(char bracket);   // `{` or `[`
  void close(char bracket);  // `}` or `]`
  void key(std::string_view name);
  void string(std::string_view text);
  void literal(std::string_view text);  // a number as it stood, true, false, null

  // Nothing is open: the value is whole.
  bool whole() const { return has_items_.empty(); }

 private:
  void before_value();

  std::string& out_;
  std::vector<bool> has_items_;  // of each open bracket
  bool after_key_ = false;
};

}  // namespace pais::model
