// What both programs do before they serve: read the settings, set the log up, take the descriptors they may have.
#pragma once

#include <map>
#include <string>
#include <variant>

#include "base/settings.h"

namespace pais::server {

struct StartupWish {
  std::map<std::string, std::string> command_line = {};  // by variable
  std::string env_file = {};                             // must exist when named; goes before `.env`
  std::string fallback_name = {};
  bool brings_model = false;
};

std::variant<Loaded, Problems> read_startup(const StartupWish& wish);

// The log as the settings want it, and in it what was odd about them.
void open_log(const Loaded& loaded);

// Ten thousand idle clients are ten thousand descriptors.
void raise_descriptor_limit();

// "http://127.0.0.1:8000", as a person would type it.
std::string listening_url(const std::string& host, int port);

}  // namespace pais::server
