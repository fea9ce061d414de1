#include "tools/schema.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "nlohmann/json.hpp"

#include "base/json.h"
#include "base/utf8.h"
#include "tools/schema_rules.h"

namespace pais::tools {
namespace {

using nlohmann::json;
using Objection = std::optional<std::string>;

constexpr std::size_t kMostWork = 100'000;
constexpr int kDeepest = 256;

// A sentence stays a sentence, whatever names and values it has to quote.
constexpr std::size_t kLongestQuote = 100;
constexpr std::size_t kLongestReasons = 1000;
constexpr std::size_t kNamesShown = 20;
constexpr std::size_t kFormsShown = 3;
constexpr std::size_t kValuesShown = 20;

std::string quoted(const std::string& text) {
  if (text.size() <= kLongestQuote) return text;
  return std::string(text_up_to(text, kLongestQuote)) + "…";
}

// Where in the value we are: a chain through the callers' frames, spelled out only when there is something to say.
struct Place {
  const Place* outer = nullptr;
  const std::string* name = nullptr;
  std::size_t index = 0;

  std::string path() const {
    if (outer == nullptr) return {};
    const std::string before = outer->path();
    if (name == nullptr) return before + '[' + std::to_string(index) + ']';
    return before.empty() ? quoted(*name) : before + '.' + quoted(*name);
  }

  std::string subject() const { return outer == nullptr ? "the value" : "'" + path() + "'"; }
};

std::uint8_t types_of(const json& value) {
  switch (value.type()) {
    case json::value_t::null:
      return kNull;
    case json::value_t::boolean:
      return kBoolean;
    case json::value_t::number_integer:
    case json::value_t::number_unsigned:
      return kInteger | kNumber;
    case json::value_t::number_float: {
      const double number = *value.get_ptr<const json::number_float_t*>();
      return std::trunc(number) == number ? kInteger | kNumber : kNumber;
    }
    case json::value_t::string:
      return kString;
    case json::value_t::array:
      return kArray;
    case json::value_t::object:
      return kObject;
    default:
      return 0;
  }
}

std::string names_of(std::uint8_t types) {
  std::string names;
  for (const NamedType& known : kNamedTypes) {
    if ((types & known.type) == 0) continue;
    if (!names.empty()) names += " or ";
    names += known.name;
  }
  return names;
}

std::string name_of_type(const json& value) {
  if (value.is_number_float()) return "number";
  return names_of(types_of(value) & ~kNumber);
}

long double number_in(const json& value) {
  if (value.is_number_unsigned()) return static_cast<long double>(*value.get_ptr<const json::number_unsigned_t*>());
  if (value.is_number_integer()) return static_cast<long double>(*value.get_ptr<const json::number_integer_t*>());
  return static_cast<long double>(*value.get_ptr<const json::number_float_t*>());
}

std::string spelled(long double number) {
  return dump_json(std::trunc(number) == number && std::abs(number) < 9e15L ? json(static_cast<std::int64_t>(number))
                                                                            : json(static_cast<double>(number)));
}

std::size_t characters_in(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// How much longer than a glance it takes to compare the value with the rule.
std::size_t effort(const Rule& rule, const json& value) {
  const auto* text = value.get_ptr<const std::string*>();
  return 1 + rule.required.size() + (rule.allowed ? rule.allowed->size() : 0) + (text ? text->size() / 1024 : 0);
}

class Check {
 public:
  explicit Check(const Schema::Rules& rules) : rules_(rules) {}

  Objection run(const json& value) {
    Objection objection = visit(0, value, Place{}, 0);
    return gave_up_ ? std::nullopt : objection;
  }

 private:
  Objection visit(RuleId id, const json& value, const Place& place, int depth) {
    const Rule& rule = rules_.all[id];
    work_ += effort(rule, value);
    if (work_ > kMostWork || depth > kDeepest) gave_up_ = true;
    if (gave_up_) return std::nullopt;

    if (rule.nothing_fits) return place.subject() + " is not allowed";
    if (auto objection = check_type(rule, value, place)) return objection;
    if (auto objection = check_allowed(rule, value, place)) return objection;
    if (value.is_object()) {
      if (auto objection = check_object(rule, value, place, depth)) return objection;
    } else if (value.is_array()) {
      if (auto objection = check_array(rule, value, place, depth)) return objection;
    } else if (value.is_string()) {
      if (auto objection = check_string(rule, value, place)) return objection;
    } else if (value.is_number()) {
      if (auto objection = check_number(rule, value, place)) return objection;
    }
    return check_combinations(rule, value, place, depth);
  }

  static Objection check_type(const Rule& rule, const json& value, const Place& place) {
    if (rule.types == 0 || (rule.types & types_of(value)) != 0) return std::nullopt;
    return place.subject() + " must be of type " + names_of(rule.types) + ", but is of type " + name_of_type(value);
  }

  static Objection check_allowed(const Rule& rule, const json& value, const Place& place) {
    if (!rule.allowed) return std::nullopt;
    const auto& allowed = *rule.allowed;
    if (std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return std::nullopt;
    std::string list;
    for (std::size_t i = 0; i < std::min(allowed.size(), kValuesShown); ++i) {
      list += (i == 0 ? "" : ", ") + quoted(dump_json(allowed[i]));
    }
    if (allowed.size() > kValuesShown) list += ", …";
    return place.subject() + (allowed.size() == 1 ? " must be " : " must be one of ") + list;
  }

  Objection check_object(const Rule& rule, const json& value, const Place& place, int depth) {
    for (const std::string& name : rule.required) {
      if (value.contains(name)) continue;
      return Place{.outer = &place, .name = &name}.subject() + " is required, but missing";
    }
    for (const auto& [name, inner] : value.items()) {
      const Place there{.outer = &place, .name = &name};
      const auto known = rule.properties.find(name);
      if (known != rule.properties.end()) {
        if (auto objection = visit(known->second, inner, there, depth + 1)) return objection;
      } else if (rule.additional) {
        if (auto objection = check_additional(rule, inner, there, depth)) return objection;
      }
    }
    return std::nullopt;
  }

  Objection check_additional(const Rule& rule, const json& value, const Place& place, int depth) {
    if (!rules_.all[*rule.additional].nothing_fits) return visit(*rule.additional, value, place, depth + 1);
    if (rule.properties.empty()) return place.subject() + " is not allowed: nothing is expected here";
    std::string known;
    std::size_t shown = 0;
    for (const auto& [name, id] : rule.properties) {
      if (shown++ == kNamesShown) break;
      known += (known.empty() ? "'" : ", '") + quoted(name) + "'";
    }
    return place.subject() + " is not allowed; allowed are " + known +
           (rule.properties.size() > kNamesShown ? ", …" : "");
  }

  Objection check_array(const Rule& rule, const json& value, const Place& place, int depth) {
    if (rule.min_items && value.size() < *rule.min_items) {
      return place.subject() + " must have at least " + std::to_string(*rule.min_items) + " items, but has " +
             std::to_string(value.size());
    }
    if (rule.max_items && value.size() > *rule.max_items) {
      return place.subject() + " must have at most " + std::to_string(*rule.max_items) + " items, but has " +
             std::to_string(value.size());
    }
    if (!rule.items) return std::nullopt;
    for (std::size_t i = 0; i < value.size(); ++i) {
      const Place there{.outer = &place, .index = i};
      if (auto objection = visit(*rule.items, value[i], there, depth + 1)) return objection;
    }
    return std::nullopt;
  }

  static Objection check_string(const Rule& rule, const json& value, const Place& place) {
    if (!rule.min_length && !rule.max_length) return std::nullopt;
    const std::size_t length = characters_in(*value.get_ptr<const std::string*>());
    if (rule.min_length && length < *rule.min_length) {
      return place.subject() + " must have at least " + std::to_string(*rule.min_length) + " characters, but has " +
             std::to_string(length);
    }
    if (rule.max_length && length > *rule.max_length) {
      return place.subject() + " must have at most " + std::to_string(*rule.max_length) + " characters, but has " +
             std::to_string(length);
    }
    return std::nullopt;
  }

  static Objection check_number(const Rule& rule, const json& value, const Place& place) {
    const long double number = number_in(value);
    if (rule.minimum && number < *rule.minimum) return place.subject() + " must be at least " + spelled(*rule.minimum);
    if (rule.maximum && number > *rule.maximum) return place.subject() + " must be at most " + spelled(*rule.maximum);
    if (rule.exclusive_minimum && number <= *rule.exclusive_minimum) {
      return place.subject() + " must be greater than " + spelled(*rule.exclusive_minimum);
    }
    if (rule.exclusive_maximum && number >= *rule.exclusive_maximum) {
      return place.subject() + " must be less than " + spelled(*rule.exclusive_maximum);
    }
    return std::nullopt;
  }

  Objection check_combinations(const Rule& rule, const json& value, const Place& place, int depth) {
    for (const RuleId id : rule.all_of) {
      if (auto objection = visit(id, value, place, depth + 1)) return objection;
    }
    if (!rule.any_of.empty()) {
      if (auto objection = check_alternatives(rule.any_of, false, value, place, depth)) return objection;
    }
    if (!rule.one_of.empty()) return check_alternatives(rule.one_of, true, value, place, depth);
    return std::nullopt;
  }

  Objection check_alternatives(const std::vector<RuleId>& forms, bool exactly_one, const json& value,
                               const Place& place, int depth) {
    std::string reasons;
    std::size_t fitting = 0;
    for (std::size_t i = 0; i < forms.size(); ++i) {
      const auto objection = visit(forms[i], value, place, depth + 1);
      if (!objection) ++fitting;
      if (fitting > 0 && !exactly_one) return std::nullopt;
      if (fitting > 1) return place.subject() + " fits several forms where exactly one is wanted";
      if (objection && i < kFormsShown && reasons.size() + objection->size() < kLongestReasons) {
        reasons += (reasons.empty() ? "" : "; ") + *objection;
      }
    }
    if (fitting == 1) return std::nullopt;
    return place.subject() + " fits none of its " + std::to_string(forms.size()) + " forms (" + reasons +
           (forms.size() > kFormsShown ? "; …)" : ")");
  }

  const Schema::Rules& rules_;
  std::size_t work_ = 0;
  bool gave_up_ = false;
};

}  // namespace

std::optional<std::string> Schema::objection(const json& value) const {
  return Check(*rules_).run(value);
}

}  // namespace pais::tools
