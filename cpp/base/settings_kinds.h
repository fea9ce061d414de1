// The kinds of values that variables have: one function a kind, which makes a row of the table.
//
// `place` is a pointer to a member of Settings, or a function that leads from a Settings to the field (a nested one).
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/joined.h"
#include "base/secrets.h"
#include "base/settings_table.h"
#include "base/trimmed.h"

namespace pais::settings {

struct Objected {
  std::string text;  // "is not a whole number"
};

template <typename T>
using Parsed = std::variant<T, Objected>;

constexpr std::int64_t kMostOfAll = 1'000'000'000;

struct Range {
  std::int64_t least = 0;
  std::int64_t most = kMostOfAll;
};

struct Unit {
  std::string_view plural;  // "seconds"
  std::int64_t milliseconds;
};
constexpr std::int64_t kTebibyte = std::int64_t{1} << 40U;
inline constexpr Range kCount{0};
inline constexpr Range kFromOne{1};

inline constexpr Unit kMilliseconds{"milliseconds", 1};
inline constexpr Unit kSeconds{"seconds", 1'000};
inline constexpr Unit kHours{"hours", 3'600'000};

struct TimeRange {
  std::chrono::milliseconds least{0};
  std::chrono::milliseconds most = std::chrono::days(30);
};
inline constexpr TimeRange kAnyTime{};

Parsed<std::int64_t> parse_whole(std::string_view text, Range range);
Parsed<double> parse_fraction(std::string_view text);
Parsed<bool> parse_flag(std::string_view text);
Parsed<std::chrono::milliseconds> parse_time(std::string_view text, Unit unit, TimeRange range);
Parsed<std::chrono::milliseconds> parse_exporter_timeout(std::string_view text);
Parsed<Pairs> parse_pairs(std::string_view text);

// `a,b`, `[a,b]` and `["a","b"]`; blanks and empty items are dropped.
Parsed<std::vector<std::string>> parse_list(std::string_view text);
// `a,b` only: for what may begin with a bracket of its own.
std::vector<std::string> split_at_commas(std::string_view text);

// "auto, native or string"
std::string one_of(const std::vector<std::string_view>& words);

bool is_one_line(std::string_view text);  // no control characters
bool is_header_safe(std::string_view text);
bool is_url(std::string_view text, const std::vector<std::string_view>& schemes);
bool is_origin(std::string_view text);
bool is_host(std::string_view text);

// In full, for whoever was refused; and in short, for tables, where a most that nobody reaches is left out.
std::string describe(Range range);
std::string describe(Unit unit, TimeRange range);
std::string in_short(Range range);
std::string in_short(Unit unit, TimeRange range);

std::string shown(const std::string& value);
std::string shown(bool value);
std::string shown(std::int64_t value);
std::string shown(double value);
std::string shown(const std::vector<std::string>& value);
std::string shown(const Pairs& value);
std::string shown_time(std::chrono::milliseconds value, Unit unit);

template <typename T>
std::string shown(const std::optional<T>& value) {
  return value ? shown(*value) : std::string();
}

// A row whose value is read by `parse` and put in its place; the default is what the place holds from the start.
template <typename Place, typename Parse, typename Show>
Variable row(std::string name, Place place, std::string accepts, std::string help, Parse parse, Show show) {
  Variable variable;
  variable.secret = names_a_secret(name);
  variable.name = std::move(name);
  variable.help = std::move(help);
  variable.accepts = std::move(accepts);
  variable.read = [place, parse](Settings& settings, std::string_view text) -> Objection {
    auto parsed = parse(text);
    if (const auto* objected = std::get_if<Objected>(&parsed)) return objected->text;
    std::invoke(place, settings) = std::get<0>(std::move(parsed));
    return std::nullopt;
  };
  variable.show = [place, show](const Settings& settings) { return show(std::invoke(place, settings)); };
  variable.standard = variable.show(Settings());
  return variable;
}

inline constexpr auto kShow = [](const auto& value) { return shown(value); };

template <typename Place>
Variable whole(std::string name, Place place, Range range, std::string help) {
  return row(
      std::move(name), place, in_short(range), std::move(help),
      [range](std::string_view text) { return parse_whole(text, range); }, kShow);
}

template <typename Place>
Variable flag(std::string name, Place place, std::string help) {
  return row(std::move(name), place, "true, false", std::move(help), parse_flag, kShow);
}

template <typename Place>
Variable span_of_time(std::string name, Place place, Unit unit, TimeRange range, std::string help) {
  return row(
      std::move(name), place, in_short(unit, range), std::move(help),
      [=](std::string_view text) { return parse_time(text, unit, range); },
      [unit](std::chrono::milliseconds value) { return shown_time(value, unit); });
}

// Text for which `fits` holds; else it "is not <what>". Empty text always fits: it says that there is none.
template <typename Place, typename Fits>
Variable text(std::string name, Place place, const std::string& what, Fits fits, std::string help) {
  const auto parse = [=](std::string_view value) -> Parsed<std::string> {
    if (value.empty() || fits(value)) return std::string(value);
    return Objected{"is not " + what};
  };
  return row(std::move(name), place, what, std::move(help), parse, kShow);
}

// A list whose items all fit.
template <typename Place, typename Fits>
Variable list(std::string name, Place place, const std::string& what, Fits fits, std::string help) {
  const auto parse = [=](std::string_view value) -> Parsed<std::vector<std::string>> {
    auto items = parse_list(value);
    if (std::holds_alternative<Objected>(items)) return items;
    const auto& all = std::get<0>(items);
    if (!std::all_of(all.begin(), all.end(), fits)) return Objected{"is not a list of " + what};
    return items;
  };
  return row(std::move(name), place, "list of " + what, std::move(help), parse, kShow);
}

template <typename Place>
Variable pairs(std::string name, Place place, std::string help) {
  return row(std::move(name), place, "name=value,name=value", std::move(help), parse_pairs, kShow);
}

template <typename E>
struct Named {
  std::string_view name;
  E value;
};

// One of several names, in any letter case. The first name of a value is the one it is shown by.
template <typename E, typename Place>
Variable choice(std::string name, Place place, std::vector<Named<E>> names, std::string help) {
  std::vector<std::string_view> words;
  for (const Named<E>& each : names) words.push_back(each.name);
  const auto parse = [names, words](std::string_view value) -> Parsed<E> {
    for (const Named<E>& each : names) {
      if (upper_case(each.name) == upper_case(value)) return each.value;
    }
    return Objected{"is not " + one_of(words)};
  };
  const auto show = [names](const auto& value) {
    for (const Named<E>& each : names) {
      if (value == each.value) return std::string(each.name);
    }
    return std::string();
  };
  Variable variable = row(std::move(name), place, joined(words, ", "), std::move(help), parse, show);
  variable.empty_is_absent = true;
  return variable;
}

// Text of several lines, shown to people and models.
template <typename Place>
Variable prose(std::string name, Place place, std::string help) {
  return text(
      std::move(name), place, "text", [](std::string_view) { return true; }, std::move(help));
}

template <typename Place>
Variable line(std::string name, Place place, std::string help) {
  return text(std::move(name), place, "text of one line", is_one_line, std::move(help));
}

template <typename Place>
Variable credential(std::string name, Place place, std::string help) {
  return text(std::move(name), place, "text of visible ASCII characters", is_header_safe, std::move(help));
}

// The reference took a bad value of these as none, so a deployment may have one.
Variable lenient(Variable variable);
// The default in words, where no single value is it.
Variable by_default(std::string standard, Variable variable);
// Empty is as if it were not set.
Variable never_empty(Variable variable);
Variable secret(Variable variable);
Variable url(Variable variable);
Variable unlisted(Variable variable);

}  // namespace pais::settings
