// What was typed behind `pais-host`.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace pais::host {

struct CommandLine {
  enum class Wish { serve, help, version, health_check, check };
  Wish wish = Wish::serve;
  std::string env_file = {};                         // "" for none
  std::map<std::string, std::string> settings = {};  // options that stand for a variable, by its name
};

// Code::invalid_setting names the word that makes no sense.
Result<CommandLine> read_command_line(const std::vector<std::string>& words);

std::string usage();

}  // namespace pais::host
