#include <algorithm>

#include "base/log_line.h"
#include "base/secrets.h"
#include "base/settings.h"
#include "base/settings_endpoints.h"
#include "base/settings_sources.h"
#include "base/settings_table.h"
#include "base/utf8.h"

namespace pais {
namespace {

using settings::Findings;
using settings::Objection;
using settings::SourceIndex;
using settings::Variable;

constexpr std::size_t kLongestQuote = 80;

// A bad value as a message may show it.
std::string quoted(const Variable& variable, const std::string& value) {
  const bool has_credentials =
      value.find('@') != std::string::npos && (variable.is_url || value.find("://") != std::string::npos);
  if (variable.secret || has_credentials) return "its value (not shown)";
  const std::string text = log::escaped(value);
  if (text.size() <= kLongestQuote) return '"' + text + '"';
  std::size_t end = kLongestQuote;
  while (first_character(std::string_view(text).substr(end)) == 0) --end;
  return '"' + text.substr(0, end) + "…\"";
}

void object(const Variable& variable, const std::string& value, const std::string& objection, Findings& findings) {
  const std::string text = variable.name + ": " + quoted(variable, value) + " " + objection;
  if (!variable.lenient) return findings.problem(text);
  findings.doubt(text + (variable.standard.empty() || variable.secret ? "; it is ignored"
                                                                      : "; " + variable.standard + " is used"));
}

void read_variable(const Variable& variable, Settings& into, const SourceIndex& sources, Findings& findings) {
  const auto found = sources.find(variable.name, !variable.environment_only);
  if (!found || (found->value.empty() && variable.empty_is_absent)) return;
  const Objection objection =
      is_utf8(found->value) ? variable.read(into, found->value) : Objection("is not UTF-8 text");
  if (objection) return object(variable, found->value, *objection, findings);
  findings.origins[variable.name] = found->origin;
}

void check_name(Settings& settings, const Sources& sources, Findings& findings) {
  if (!settings.agent_name.empty()) return;
  if (sources.fallback_name.empty()) return findings.problem("AGENT_NAME: is required and not set");
  settings.agent_name = sources.fallback_name;
  findings.doubt("AGENT_NAME: is not set; " + sources.fallback_name + " is used");
}

void check_model(const Settings& settings, const Sources& sources, Findings& findings) {
  if (settings.model_configured() || sources.brings_model) return;
  findings.doubt(
      "Agent requires either MODEL_API_URL and MODEL_NAME or DEBUG_MOCK_RESPONSES; until then it answers "
      "503 not_configured");
}

void check_keys(const Settings& settings, Findings& findings) {
  const bool has_keys = !settings.api_keys.empty() || !settings.api_key_file.empty();
  if (settings.auth_required && !has_keys) {
    findings.problem("AGENT_AUTH_REQUIRED: is true, but neither AGENT_API_KEY nor AGENT_API_KEY_FILE is set");
  }
  if (!settings.auth_required && has_keys) {
    findings.warning("an API key is set, but AGENT_AUTH_REQUIRED is not: nobody is asked for it");
  }
}

void check_memory(Settings& settings, Findings& findings) {
  if (settings.memory() != MemoryType::redis || !settings.memory_redis_url.empty()) return;
  settings.memory_type = MemoryType::local;
  findings.doubt("MEMORY_REDIS_URL not set, falling back to LocalMemory");
}

// A LOG_LEVEL that makes no sense is INFO: it does not let AGENT_LOG_LEVEL speak.
void check_log_level(Settings& settings, const SourceIndex& sources) {
  const auto said = sources.find("LOG_LEVEL");
  if (said && !said->value.empty() && !settings.log_level) settings.log_level = log::Level::info;
}

void tell_of_reserved(const SourceIndex& sources, Findings& findings) {
  std::string names;
  for (const std::string& name : sources.names_that(settings::is_reserved)) names += (names.empty() ? "" : ", ") + name;
  if (!names.empty()) findings.note("reserved settings ignored: " + names);
}

void tell_of_misplaced(const Variable& variable, const SourceIndex& sources, Findings& findings) {
  if (!variable.environment_only || sources.find(variable.name, false)) return;
  const auto in_file = sources.find(variable.name);
  if (in_file) findings.warning(in_file->origin + ": " + variable.name + " is read from the process environment only");
}

}  // namespace

std::variant<Loaded, Problems> read_settings(const Sources& sources) {
  Findings findings;
  const SourceIndex index(sources, findings);
  Settings settings;
  for (const settings::Group& group : settings::groups()) {
    for (const Variable& variable : group.variables) {
      read_variable(variable, settings, index, findings);
      tell_of_misplaced(variable, index, findings);
    }
  }
  check_log_level(settings, index);
  check_name(settings, sources, findings);
  check_model(settings, sources, findings);
  check_keys(settings, findings);
  check_memory(settings, findings);
  settings::find_mcp_servers(settings, index, findings);
  settings::find_sub_agents(settings, index, findings);
  tell_of_reserved(index, findings);

  auto& doubts_go_to = settings.strict ? findings.problems : findings.warnings;
  doubts_go_to.insert(doubts_go_to.end(), findings.doubts.begin(), findings.doubts.end());
  if (!findings.problems.empty()) return Problems{std::move(findings.problems)};
  return Loaded{std::move(settings), std::move(findings.origins), std::move(findings.warnings),
                std::move(findings.notes)};
}

}  // namespace pais
