#include "wire/arguments.h"

#include <charconv>
#include <utility>

namespace pais::bench {
namespace {

template <typename Number>
std::optional<Number> read_number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

Arguments::Arguments(int argc, char** argv, int first) {
  for (int i = first; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (!word.starts_with("--")) {
      complain("'" + std::string(word) + "' belongs to no option");
      continue;
    }
    const bool has_value = i + 1 < argc && !std::string_view(argv[i + 1]).starts_with("--");
    given_[std::string(word.substr(2))] = has_value ? std::optional<std::string>(argv[++i]) : std::nullopt;
  }
}

std::string Arguments::text(std::string_view name, std::string_view fallback) {
  return take(name).value_or(std::string(fallback));
}

long Arguments::number(std::string_view name, long fallback, long least, long most) {
  const auto given = take(name);
  if (!given) return fallback;
  const auto value = read_number<long>(*given);
  if (value && *value >= least && *value <= most) return *value;
  complain("--" + std::string(name) + " takes a number from " + std::to_string(least) + " to " + std::to_string(most) +
           ", not '" + *given + "'");
  return fallback;
}

double Arguments::seconds(std::string_view name, double fallback) {
  const auto given = take(name);
  if (!given) return fallback;
  const auto value = read_number<double>(*given);
  if (value && *value >= 0 && *value <= 86'400) return *value;
  complain("--" + std::string(name) + " takes seconds, up to a day, not '" + *given + "'");
  return fallback;
}

bool Arguments::flag(std::string_view name) {
  const auto found = given_.find(name);
  if (found == given_.end()) return false;
  if (found->second) complain("--" + std::string(name) + " takes no value");
  given_.erase(found);
  return true;
}

Result<void> Arguments::verdict() const {
  if (!complaint_.empty()) return Error{.code = Code::invalid_setting, .cause = complaint_};
  if (given_.empty()) return {};
  return Error{.code = Code::invalid_setting, .cause = "--" + given_.begin()->first + " is not known here"};
}

std::optional<std::string> Arguments::take(std::string_view name) {
  const auto found = given_.find(name);
  if (found == given_.end()) return std::nullopt;
  auto value = std::move(found->second);
  given_.erase(found);
  if (!value) complain("--" + std::string(name) + " needs a value");
  return value;
}

void Arguments::complain(std::string complaint) {
  if (complaint_.empty()) complaint_ = std::move(complaint);
}

}  // namespace pais::bench
