// The table behind settings.h: what each variable is called, where its value goes, and what it may be.
//
// Private to base/, and to the tests that walk it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/settings.h"

namespace pais::settings {

// "is not a whole number": what is wrong, told behind the name and the value. Absent: nothing is.
using Objection = std::optional<std::string>;

struct Variable {
  std::string name;
  std::string help;
  std::string accepts;   // "whole number, 1 to 65535"
  std::string standard;  // the default, as one would write it; empty: none
  bool secret = false;
  bool is_url = false;  // so that it may hold credentials

  // What to do about a bad value. The reference took some as it took no value, and so may deployments: those get a
  // warning (PAIS_STRICT makes it an error), all others stop the start.
  bool lenient = false;
  bool empty_is_absent = false;
  bool environment_only = false;  // not from a file
  bool listed = true;             // in the page and in --help; false for the per-signal forms

  // Puts the value into its field. Where it objects the field is as it was, or holds what was good of a list.
  std::function<Objection(Settings&, std::string_view)> read;
  std::function<std::string(const Settings&)> show;
};

struct Group {
  std::string title;
  std::vector<Variable> variables;
};
const std::vector<Group>& groups();
Group telemetry();  // the last but one of them, in a file of its own

// Variables whose names hold a name: MCP_SERVER_<name>_URL.
struct Family {
  std::string_view prefix;
  std::string_view placeholder;
  std::string_view suffix;
  std::string_view help;
};
const std::vector<Family>& families();
bool belongs(const Family& family, std::string_view name);  // in any letter case

// Accepted and without effect. A "*" at the end stands for anything.
const std::vector<std::string_view>& reserved_names();
bool is_reserved(std::string_view name);

std::string upper_case(std::string_view text);

}  // namespace pais::settings
