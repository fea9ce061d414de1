#include "base/settings_sources.h"

#include <algorithm>

#include "base/dotenv.h"
#include "base/settings_kinds.h"
#include "base/settings_table.h"

namespace pais::settings {
namespace {

bool is_variable(std::string_view name) {
  const std::string upper = upper_case(name);
  for (const Group& group : groups()) {
    for (const Variable& each : group.variables) {
      if (each.name == upper) return true;
    }
  }
  return false;
}

bool is_known(std::string_view name) {
  const auto& all = families();
  return is_variable(name) || is_reserved(name) ||
         std::any_of(all.begin(), all.end(), [&](const Family& each) { return belongs(each, name); });
}

std::string list_of(const std::vector<std::string>& items) {
  return shown(items);
}

}  // namespace

SourceIndex::SourceIndex(const Sources& sources, Findings& findings) {
  add("command line", false, sources.command_line);
  add("environment", false, sources.environment);
  for (const EnvFile& file : sources.env_files) add_file(file, sources.environment, findings);
}

std::optional<Found> SourceIndex::find(std::string_view name, bool also_in_files) const {
  for (const Layer& layer : layers_) {
    if (layer.is_file && !also_in_files) continue;
    const auto found = layer.in_capitals.find(upper_case(name));
    if (found != layer.in_capitals.end()) return Found{found->second, layer.origin};
  }
  return std::nullopt;
}

std::optional<Found> SourceIndex::find_exactly(std::string_view name) const {
  for (const Layer& layer : layers_) {
    const auto found = layer.as_spelt.find(name);
    if (found != layer.as_spelt.end()) return Found{found->second, layer.origin};
  }
  return std::nullopt;
}

void SourceIndex::add(std::string origin, bool is_file, const std::map<std::string, std::string>& values) {
  Layer layer{.origin = std::move(origin), .is_file = is_file, .as_spelt = {}, .in_capitals = {}};
  for (const auto& [name, value] : values) {
    const std::string trimmed_value(trimmed(value));
    const std::string upper = upper_case(name);
    if (upper == name) {
      layer.in_capitals.insert_or_assign(upper, trimmed_value);
    } else {
      layer.in_capitals.emplace(upper, trimmed_value);
    }
    layer.as_spelt.emplace(name, trimmed_value);
  }
  layers_.push_back(std::move(layer));
}

void SourceIndex::add_file(const EnvFile& file, const std::map<std::string, std::string>& environment,
                           Findings& findings) {
  const DotEnv read = parse_dotenv(file.contents, [&](std::string_view name) -> std::optional<std::string> {
    const auto found = environment.find(std::string(name));
    return found == environment.end() ? std::nullopt : std::optional(found->second);
  });
  std::map<std::string, std::string> values;
  std::vector<std::string> unknown;
  for (const auto& [name, value] : read.entries) {
    const bool is_new = values.insert_or_assign(name, value).second;
    if (is_new && !is_known(name)) unknown.push_back(name);
  }
  if (!unknown.empty()) {
    findings.warning(file.name + ": not settings of this host, left to who else reads the file: " + list_of(unknown));
  }
  std::vector<std::string> lines;
  for (const std::size_t line : read.bad_lines) lines.push_back(std::to_string(line));
  if (!lines.empty())
    findings.warning(file.name + ": neither NAME=value nor a comment, ignored: line " + list_of(lines));
  add(file.name, true, values);
}

}  // namespace pais::settings
