#include "base/settings.h"
#include "base/settings_table.h"

namespace pais {
namespace {

using settings::Family;
using settings::Group;
using settings::Variable;

constexpr std::size_t kWidth = 100;

// Broken between words, each line indented.
std::string paragraph(std::string_view text, std::size_t indent) {
  std::string out;
  std::string line(indent, ' ');
  while (!text.empty()) {
    const auto blank = std::min(text.find(' '), text.size());
    const bool is_first = line.size() == indent;
    if (!is_first && line.size() + 1 + blank > kWidth) {
      out += line + '\n';
      line.assign(indent, ' ');
    } else if (!is_first) {
      line += ' ';
    }
    line += text.substr(0, blank);
    text.remove_prefix(std::min(blank + 1, text.size()));
  }
  return out + line + '\n';
}

std::string name_of(const Family& family) {
  std::string name(family.prefix);
  name += family.placeholder;
  name += family.suffix;
  return name;
}

std::string reserved_list(std::string_view quote) {
  std::string list;
  for (const std::string_view name : settings::reserved_names()) {
    if (!list.empty()) list += ", ";
    list += quote;
    list += name;
    list += quote;
  }
  return list;
}

// "|" ends a cell, wherever it stands, and "<name>" would be taken for a tag.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    if (c == '<') {
      out += "&lt;";
    } else {
      out += c;
    }
  }
  return out;
}

std::string code(std::string_view text) {
  return '`' + std::string(text) + '`';
}

bool is_a_value(const Variable& variable) {
  return variable.standard.find(' ') == std::string::npos && variable.standard != "required";
}

std::string default_cell(const Variable& variable) {
  if (variable.standard.empty()) return "";
  if (!is_a_value(variable) && variable.standard != variable.show(Settings())) return cell(variable.standard);
  return code(variable.standard);
}

std::string table_of(const Group& group) {
  std::string out = "\n## " + group.title + "\n\n| variable | default | takes | meaning |\n|---|---|---|---|\n";
  for (const Variable& each : group.variables) {
    if (!each.listed) continue;
    out += "| " + code(each.name) + " | " + default_cell(each) + " | " + cell(each.accepts) + " | " + cell(each.help) +
           " |\n";
  }
  return out;
}

std::string table_of_families() {
  std::string out = "\n## Addresses by name\n\n";
  out += paragraph(
      "`MCP_SERVERS` and `PEER_AGENTS` list names; these say where each name is. `<name>` is spelt exactly as in the "
      "list; where that is not set, the name in capitals with `_` for everything but letters and digits is tried "
      "(`MCP_SERVER_MY_MCP_URL`). `<NAME>` is the name in capitals with `_` for `-`. A name without an address is left "
      "out with a warning.",
      0);
  out += "\n| variable | meaning |\n|---|---|\n";
  for (const Family& each : settings::families()) out += "| " + code(name_of(each)) + " | " + cell(each.help) + " |\n";
  return out;
}

constexpr std::string_view kIntroduction = R"(# Configuration

<!-- Written from the table of settings in cpp/base: PAIS_UPDATE_DOCS=1 pais_base_tests -->

Everything is said by environment variables. The strongest source wins: the command line, then the environment, then the
file that `--env-file` names, then `.env` in the working directory, then the default below.

- **Names** are taken in any letter case. Blanks around values are cut.
- **`.env`** knows `NAME=value`, `export`, comments, single and double quotes, values over several lines in quotes, and
  `${NAME}` or `${NAME:-otherwise}`. Keys that are no setting are ignored, with one line that names them.
- **Switches** take `true`, `1`, `t`, `yes`, `y`, `on` and `false`, `0`, `f`, `no`, `n`, `off`, in any letter case.
- **Times** take decimals, such as `0.5`. The unit is in the name: seconds, hours, or milliseconds (`_MS`, and the times
  of `OTEL_` variables).
- **Lists** are written `a,b` or `[a,b]` or `["a","b"]`.
- **An empty value** of a text or a list means that there is none. Of a choice, and of most `OTEL_` variables, it means
  the default. An empty number or switch is an error.
- **Bad values** stop the start, all of them named at once (exit code 2). A few that earlier servers took without a word
  (`TOOL_CALL_MODE`, `MEMORY_TYPE`, the log levels, most `OTEL_` variables) only cause a warning, as do a name without an
  address and Redis without a URL; `PAIS_STRICT=true` makes errors of these as well.
- **Secrets** (names that end in `KEY`, `TOKEN`, `SECRET` or `PASSWORD`, and credentials in URLs) are never printed.
)";

constexpr std::string_view kSignals = R"(
Each `OTEL_EXPORTER_OTLP_` variable has three more forms, for one signal alone: `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`,
`OTEL_EXPORTER_OTLP_METRICS_ENDPOINT`, `OTEL_EXPORTER_OTLP_LOGS_ENDPOINT` and so on. The endpoint of one signal is used
as it stands, without a path being added. Telemetry is on when there is an endpoint for all signals or a file, and it is
not switched off.
)";

}  // namespace

std::string settings_help() {
  std::string out = "Settings, from the environment or from .env:\n";
  for (const Group& group : settings::groups()) {
    out += "\n" + group.title + "\n";
    for (const Variable& each : group.variables) {
      if (!each.listed) continue;
      out += "  " + each.name + (each.standard.empty() ? "" : " (" + each.standard + ")") + "\n";
      out += paragraph(each.help + ". Takes: " + each.accepts + ".", 6);
    }
  }
  out += "\nAddresses by name\n";
  for (const Family& each : settings::families()) {
    out += "  " + name_of(each) + "\n" + paragraph(std::string(each.help) + ".", 6);
  }
  out +=
      "\nEach OTEL_EXPORTER_OTLP_* variable also has the forms OTEL_EXPORTER_OTLP_TRACES_*, _METRICS_* and _LOGS_*.\n";
  return out + "\nReserved, accepted and without effect\n" + paragraph(reserved_list(""), 2);
}

std::string configuration_page() {
  std::string page(kIntroduction);
  for (const Group& group : settings::groups()) {
    page += table_of(group);
    if (group.title == "Telemetry") page += kSignals;
  }
  page += table_of_families();
  page += "\n## Reserved\n\n";
  page += paragraph("Accepted, without effect, and named together in one line at the start: " + reserved_list("`") +
                        " (but not `AGENT_AUTH_REQUIRED`).",
                    0);
  return page;
}

}  // namespace pais
