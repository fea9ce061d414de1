// What a schema's text becomes: rules that refer to each other by number, so that a schema may refer to itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "nlohmann/json_fwd.hpp"

#include "tools/schema.h"

namespace pais::tools {

using RuleId = std::size_t;

// A set of JSON types, one bit each.
enum Type : std::uint8_t {
  kNull = 1,
  kBoolean = 2,
  kInteger = 4,
  kNumber = 8,
  kString = 16,
  kArray = 32,
  kObject = 64,
};

struct NamedType {
  Type type;
  const char* name;
};

inline constexpr NamedType kNamedTypes[] = {{kNull, "null"},     {kBoolean, "boolean"}, {kInteger, "integer"},
                                            {kNumber, "number"}, {kString, "string"},   {kArray, "array"},
                                            {kObject, "object"}};

// One schema of the document. Absent means: no such demand.
struct Rule {
  bool nothing_fits = false;
  std::uint8_t types = 0;  // 0: any
  std::shared_ptr<const std::vector<nlohmann::json>> allowed;

  std::map<std::string, RuleId, std::less<>> properties;
  std::vector<std::string> required;
  std::optional<RuleId> additional;

  std::optional<RuleId> items;
  std::optional<std::size_t> min_items;
  std::optional<std::size_t> max_items;

  std::optional<std::size_t> min_length;
  std::optional<std::size_t> max_length;

  std::optional<long double> minimum;
  std::optional<long double> maximum;
  std::optional<long double> exclusive_minimum;
  std::optional<long double> exclusive_maximum;

  std::vector<RuleId> all_of;  // a `$ref` is one of these
  std::vector<RuleId> any_of;
  std::vector<RuleId> one_of;
};

struct Schema::Rules {
  std::vector<Rule> all;  // the first is the document itself
};

}  // namespace pais::tools
