// From a schema's text to its rules. Sub-schemas wait in a list instead of being read by recursion, so neither depth
// nor a circle of `$ref`s can hurt.
#include <algorithm>
#include <string>
#include <utility>

#include "nlohmann/json.hpp"

#include "base/json.h"
#include "tools/schema_rules.h"

namespace pais::tools {
namespace {

using nlohmann::json;

constexpr std::size_t kMostRules = 20'000;

const json* member(const json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

bool is_schema(const json& value) {
  return value.is_object() || value.is_boolean();
}

std::optional<long double> number_at(const json& schema, const char* key) {
  const json* value = member(schema, key);
  if (value == nullptr) return std::nullopt;
  if (value->is_number_unsigned()) return static_cast<long double>(*value->get_ptr<const json::number_unsigned_t*>());
  if (value->is_number_integer()) return static_cast<long double>(*value->get_ptr<const json::number_integer_t*>());
  if (value->is_number_float()) return static_cast<long double>(*value->get_ptr<const json::number_float_t*>());
  return std::nullopt;
}

std::optional<std::size_t> count_at(const json& schema, const char* key) {
  const auto number = number_at(schema, key);
  if (!number || *number < 0 || *number > 1e15L) return std::nullopt;
  return static_cast<std::size_t>(*number);
}

std::uint8_t type_named(const json& name) {
  const auto* text = name.get_ptr<const std::string*>();
  if (text == nullptr) return 0;
  for (const NamedType& known : kNamedTypes) {
    if (*text == known.name) return known.type;
  }
  return 0;
}

std::uint8_t types_of(const json& schema) {
  const json* type = member(schema, "type");
  if (type == nullptr) return 0;
  std::uint8_t types = 0;
  if (type->is_array()) {
    for (const json& name : *type) types |= type_named(name);
  } else {
    types = type_named(*type);
  }
  const json* nullable = member(schema, "nullable");
  if (types != 0 && nullable != nullptr && *nullable == true) types |= kNull;
  return types;
}

std::shared_ptr<const std::vector<json>> allowed_values(const json& schema) {
  if (const json* only = member(schema, "const")) return std::make_shared<const std::vector<json>>(1, *only);
  const json* listed = member(schema, "enum");
  if (listed == nullptr || !listed->is_array()) return nullptr;
  return std::make_shared<const std::vector<json>>(listed->begin(), listed->end());
}

std::vector<std::string> required_names(const json& schema) {
  std::vector<std::string> names;
  const json* listed = member(schema, "required");
  if (listed == nullptr || !listed->is_array()) return names;
  for (const json& name : *listed) {
    if (const auto* text = name.get_ptr<const std::string*>()) names.push_back(*text);
  }
  return names;
}

// "~1" is a slash and "~0" a tilde, as JSON Pointer has it.
std::string unescaped(std::string_view part) {
  std::string plain;
  for (std::size_t i = 0; i < part.size(); ++i) {
    const bool escape = part[i] == '~' && i + 1 < part.size() && (part[i + 1] == '0' || part[i + 1] == '1');
    plain += escape ? (part[++i] == '1' ? '/' : '~') : part[i];
  }
  return plain;
}

class Reader {
 public:
  explicit Reader(const json& document) : document_(document) { rule_for(document); }

  Result<Schema::Rules> read() {
    for (std::size_t next = 0; next < waiting_.size(); ++next) {
      if (waiting_.size() > kMostRules) return Error{.code = Code::malformed, .cause = "a schema of too many parts"};
      Rule rule = read_one(*waiting_[next]);
      rules_.all.push_back(std::move(rule));
    }
    return std::move(rules_);
  }

 private:
  // The number that the rule of this schema has, or will have when its turn comes.
  RuleId rule_for(const json& schema) {
    const auto [place, is_new] = numbers_.try_emplace(&schema, waiting_.size());
    if (is_new) waiting_.push_back(&schema);
    return place->second;
  }

  std::optional<RuleId> rule_at(const json& schema, const char* key) {
    const json* inner = member(schema, key);
    if (inner == nullptr || !is_schema(*inner)) return std::nullopt;
    return rule_for(*inner);
  }

  std::vector<RuleId> rules_at(const json& schema, const char* key) {
    std::vector<RuleId> rules;
    const json* listed = member(schema, key);
    if (listed == nullptr || !listed->is_array()) return rules;
    for (const json& inner : *listed) {
      if (is_schema(inner)) rules.push_back(rule_for(inner));
    }
    return rules;
  }

  Rule read_one(const json& schema) {
    Rule rule;
    if (schema.is_boolean()) {
      rule.nothing_fits = schema == false;
      return rule;
    }
    rule.types = types_of(schema);
    rule.allowed = allowed_values(schema);
    read_object_rules(schema, rule);
    read_array_rules(schema, rule);
    rule.min_length = count_at(schema, "minLength");
    rule.max_length = count_at(schema, "maxLength");
    rule.minimum = number_at(schema, "minimum");
    rule.maximum = number_at(schema, "maximum");
    rule.exclusive_minimum = number_at(schema, "exclusiveMinimum");
    rule.exclusive_maximum = number_at(schema, "exclusiveMaximum");
    rule.all_of = rules_at(schema, "allOf");
    rule.any_of = rules_at(schema, "anyOf");
    rule.one_of = rules_at(schema, "oneOf");
    if (const json* target = referred(schema)) rule.all_of.push_back(rule_for(*target));
    return rule;
  }

  void read_object_rules(const json& schema, Rule& rule) {
    rule.required = required_names(schema);
    if (const json* properties = member(schema, "properties"); properties != nullptr && properties->is_object()) {
      for (const auto& [name, inner] : properties->items()) {
        if (is_schema(inner)) rule.properties.emplace(name, rule_for(inner));
      }
    }
    // Which names a pattern would let in is not known here, so none is turned away.
    if (!schema.contains("patternProperties")) rule.additional = rule_at(schema, "additionalProperties");
  }

  void read_array_rules(const json& schema, Rule& rule) {
    if (!schema.contains("prefixItems")) rule.items = rule_at(schema, "items");
    rule.min_items = count_at(schema, "minItems");
    rule.max_items = count_at(schema, "maxItems");
  }

  const json* referred(const json& schema) const {
    const json* reference = member(schema, "$ref");
    const auto* text = reference == nullptr ? nullptr : reference->get_ptr<const std::string*>();
    if (text == nullptr || !text->starts_with('#')) return nullptr;
    const json* at = &document_;
    std::string_view rest = std::string_view(*text).substr(1);
    while (at != nullptr && !rest.empty()) {
      if (!rest.starts_with('/')) return nullptr;
      const std::size_t end = std::min(rest.find('/', 1), rest.size());
      at = at->is_object() ? member(*at, unescaped(rest.substr(1, end - 1)).c_str()) : nullptr;
      rest.remove_prefix(end);
    }
    return at != nullptr && is_schema(*at) ? at : nullptr;
  }

  const json& document_;
  std::vector<const json*> waiting_;
  std::map<const json*, RuleId> numbers_;
  Schema::Rules rules_;
};

}  // namespace

Result<Schema> Schema::read(std::string_view text) {
  const auto document = parse_json(text);
  if (!document) return document.error().during("reading a schema");
  if (!is_schema(*document)) return Error{.code = Code::malformed, .cause = "a schema is an object, true or false"};
  auto rules = Reader(*document).read();
  if (!rules) return rules.error();
  return Schema(std::make_shared<const Rules>(*std::move(rules)));
}

}  // namespace pais::tools
