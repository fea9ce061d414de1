#include "base/settings_kinds.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <span>

#include "nlohmann/json.hpp"

#include "base/json.h"
#include "base/percent.h"

namespace pais::settings {
namespace {

constexpr auto kNone = std::string_view::npos;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}
bool is_visible_ascii(char c) {
  return c > 0x20 && c < 0x7f;
}

std::string_view unquoted(std::string_view item) {
  const bool quoted = item.size() >= 2 && item.front() == item.back() && (item.front() == '"' || item.front() == '\'');
  return quoted ? item.substr(1, item.size() - 2) : item;
}

bool in_brackets(std::string_view text) {
  return text.size() >= 2 && text.front() == '[' && text.back() == ']';
}

std::optional<double> number(std::string_view text) {
  const bool plain =
      !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return is_digit(c) || c == '.'; });
  if (!plain) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::vector<std::string>> read_json_list(std::string_view text) {
  const auto list = parse_json(text);
  if (!list || !list->is_array()) return std::nullopt;
  std::vector<std::string> items;
  for (const auto& item : *list) {
    if (!item.is_string()) return std::nullopt;
    const auto value = trimmed(item.get_ref<const std::string&>());
    if (!value.empty()) items.emplace_back(value);
  }
  return items;
}

bool is_authority(std::string_view text) {
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_visible_ascii)) return false;
  const std::string_view address = text.substr(text.rfind('@') + 1);
  const auto port = address.rfind(':');
  const auto bracket = address.rfind(']');
  if (port == kNone || (bracket != kNone && port < bracket)) return !address.empty();
  return port > 0 && !std::holds_alternative<Objected>(parse_whole(address.substr(port + 1), {1, 65535}));
}

}  // namespace

Parsed<std::int64_t> parse_whole(std::string_view text, Range range) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::invalid_argument || end != text.data() + text.size())
    return Objected{"is not a whole number"};
  if (error != std::errc() || value < range.least || value > range.most) return Objected{"is not a " + describe(range)};
  return value;
}

Parsed<double> parse_fraction(std::string_view text) {
  const auto value = number(text);
  if (!value || *value > 1) return Objected{"is not a number from 0 to 1"};
  return *value;
}

Parsed<bool> parse_flag(std::string_view text) {
  const std::string word = upper_case(text);
  for (const std::string_view yes : {"TRUE", "1", "T", "YES", "Y", "ON"}) {
    if (word == yes) return true;
  }
  for (const std::string_view no : {"FALSE", "0", "F", "NO", "N", "OFF"}) {
    if (word == no) return false;
  }
  return Objected{"is not true or false"};
}

Parsed<std::chrono::milliseconds> parse_time(std::string_view text, Unit unit, TimeRange range) {
  const auto value = number(text);
  if (!value) return Objected{"is not a number of " + std::string(unit.plural)};
  // Rounded up, so that a short time never becomes the 0 that means something else.
  const double exact = std::ceil(*value * static_cast<double>(unit.milliseconds));
  if (exact > static_cast<double>(range.most.count()) || exact < static_cast<double>(range.least.count())) {
    return Objected{"is not a " + describe(unit, range)};
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>(exact));
}

Parsed<std::chrono::milliseconds> parse_exporter_timeout(std::string_view text) {
  const auto value = number(text);
  const bool is_seconds = value && *value < 1000;
  return parse_time(text, is_seconds ? kSeconds : kMilliseconds, {});
}

std::vector<std::string> split_at_commas(std::string_view text) {
  std::vector<std::string> items;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const std::string_view item = trimmed(text.substr(0, comma));
    if (!item.empty()) items.emplace_back(item);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return items;
}

Parsed<std::vector<std::string>> parse_list(std::string_view text) {
  if (!in_brackets(text)) return split_at_commas(text);
  if (auto items = read_json_list(text)) return *std::move(items);
  std::vector<std::string> items;
  for (const std::string& item : split_at_commas(text.substr(1, text.size() - 2))) {
    const std::string_view value = trimmed(unquoted(item));
    if (!value.empty()) items.emplace_back(value);
  }
  return items;
}

Parsed<Pairs> parse_pairs(std::string_view text) {
  Pairs pairs;
  for (const std::string& item : split_at_commas(text)) {
    const auto equals = item.find('=');
    const auto name =
        equals == kNone ? std::nullopt : percent_decoded(trimmed(std::string_view(item).substr(0, equals)));
    const auto value =
        equals == kNone ? std::nullopt : percent_decoded(trimmed(std::string_view(item).substr(equals + 1)));
    if (!name || !value || name->empty() || !is_header_safe(*name) || !is_one_line(*value)) {
      return Objected{"is not a list of name=value"};
    }
    pairs.emplace_back(*name, *value);
  }
  return pairs;
}

std::string one_of(const std::vector<std::string_view>& words) {
  if (words.size() < 2) return joined(words, "");
  return joined(std::span(words).first(words.size() - 1), ", ") + " or " + std::string(words.back());
}

bool is_one_line(std::string_view text) {
  return std::none_of(text.begin(), text.end(), is_control);
}
bool is_header_safe(std::string_view text) {
  return std::all_of(text.begin(), text.end(), is_visible_ascii);
}

bool is_url(std::string_view text, const std::vector<std::string_view>& schemes) {
  const auto colon = text.find("://");
  if (colon == kNone || !is_header_safe(text)) return false;
  const std::string scheme = upper_case(text.substr(0, colon));
  const bool known = std::any_of(schemes.begin(), schemes.end(), [&](auto each) { return upper_case(each) == scheme; });
  const std::string_view rest = text.substr(colon + 3);
  return known && (scheme == "UNIX" ? rest.size() > 1 : is_authority(rest.substr(0, rest.find_first_of("/?#"))));
}

bool is_origin(std::string_view text) {
  if (text == "*" || text == "null") return true;
  const auto colon = text.find("://");
  return is_url(text, {"http", "https"}) && text.find_first_of("/?#@", colon + 3) == kNone;
}

bool is_host(std::string_view text) {
  return !text.empty() && is_header_safe(text) && text.find_first_of("/?#@,") == kNone;
}

std::string describe(Range range) {
  return "whole number from " + std::to_string(range.least) + " to " + std::to_string(range.most);
}

std::string describe(Unit unit, TimeRange range) {
  return "number of " + std::string(unit.plural) + " from " + shown_time(range.least, unit) + " to " +
         shown_time(range.most, unit);
}

std::string in_short(Range range) {
  const std::string least = "whole number, " + std::to_string(range.least);
  return range.most < kMostOfAll ? least + " to " + std::to_string(range.most) : least + " or more";
}

std::string in_short(Unit unit, TimeRange range) {
  return std::string(unit.plural) + ", " + shown_time(range.least, unit) + " or more";
}

std::string shown(const std::string& value) {
  return value;
}
std::string shown(bool value) {
  return value ? "true" : "false";
}
std::string shown(std::int64_t value) {
  return std::to_string(value);
}

std::string shown(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.12g", value);
  return text;
}

std::string shown(const std::vector<std::string>& value) {
  return joined(value, ",");
}

std::string shown(const Pairs& value) {
  std::string text;
  for (const auto& [name, content] : value) text += (text.empty() ? "" : ",") + name + "=" + content;
  return text;
}

std::string shown_time(std::chrono::milliseconds value, Unit unit) {
  return shown(static_cast<double>(value.count()) / static_cast<double>(unit.milliseconds));
}

Variable lenient(Variable variable) {
  variable.lenient = true;
  variable.empty_is_absent = true;
  return variable;
}

Variable by_default(std::string standard, Variable variable) {
  variable.standard = std::move(standard);
  return variable;
}

Variable never_empty(Variable variable) {
  variable.empty_is_absent = true;
  return variable;
}

Variable secret(Variable variable) {
  variable.secret = true;
  return variable;
}

Variable url(Variable variable) {
  variable.is_url = true;
  return variable;
}

Variable unlisted(Variable variable) {
  variable.listed = false;
  return variable;
}

}  // namespace pais::settings
