#pragma once

#include <gtest/gtest.h>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/settings.h"

namespace pais {

using Variables = std::map<std::string, std::string>;

// An agent that lacks nothing, and what the test is about.
inline Sources complete(Variables more = {}) {
  Variables environment = {{"AGENT_NAME", "calc"}, {"MODEL_API_URL", "http://model"}, {"MODEL_NAME", "m"}};
  for (auto& [name, value] : more) environment[name] = value;
  return {.environment = environment};
}

inline Loaded load(const Sources& sources) {
  auto read = read_settings(sources);
  if (const auto* problems = std::get_if<Problems>(&read)) {
    ADD_FAILURE() << ::testing::PrintToString(problems->lines);
    return {};
  }
  return std::get<Loaded>(std::move(read));
}

inline std::vector<std::string> problems_of(const Sources& sources) {
  auto read = read_settings(sources);
  const auto* problems = std::get_if<Problems>(&read);
  return problems == nullptr ? std::vector<std::string>{} : problems->lines;
}

}  // namespace pais
