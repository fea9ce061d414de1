#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>

#include "base/settings.h"
#include "base/settings_table.h"

namespace pais {
namespace {

using ::testing::HasSubstr;

const std::string kPage = PAIS_SOURCE_DIR "/docs/configuration.md";

TEST(ConfigurationPage, IsTheOneInTheRepository) {
  if (std::getenv("PAIS_UPDATE_DOCS") != nullptr) std::ofstream(kPage, std::ios::binary) << configuration_page();

  std::ifstream file(kPage, std::ios::binary);
  const std::string committed{std::istreambuf_iterator<char>(file), {}};

  EXPECT_TRUE(committed == configuration_page())
      << "docs/configuration.md is not what the table of settings says.\n"
         "Write it anew: PAIS_UPDATE_DOCS=1 pais_base_tests --gtest_filter='ConfigurationPage.*'";
}

TEST(ConfigurationPage, HasARowForEveryListedVariable) {
  const std::string page = configuration_page();

  for (const auto& group : settings::groups()) {
    EXPECT_THAT(page, HasSubstr("\n## " + group.title + "\n"));
    for (const auto& each : group.variables) {
      EXPECT_EQ(page.find("\n| `" + each.name + "` | ") != std::string::npos, each.listed) << each.name;
    }
  }
  for (const char* family : {"MCP_SERVER_<name>_URL", "MCP_SERVER_<name>_TOKEN", "PEER_AGENT_<NAME>_CARD_URL",
                             "PEER_AGENT_<NAME>_API_KEY"}) {
    EXPECT_THAT(page, HasSubstr("\n| `" + std::string(family) + "` | "));
  }
}

TEST(ConfigurationPage, GivesTheDefaultsOfTheStruct) {
  const std::string page = configuration_page();

  EXPECT_THAT(page, HasSubstr("| `AGENT_NAME` | required |"));
  EXPECT_THAT(page, HasSubstr("| `AGENT_PORT` | `8000` | whole number, 0 to 65535 |"));
  EXPECT_THAT(page, HasSubstr("| `AGENT_INSTRUCTIONS` | `You are a helpful assistant.` |"));
  EXPECT_THAT(page, HasSubstr("| `PAIS_MAX_RUNS` | 4096; with a server.py 256 |"));
  EXPECT_THAT(page, HasSubstr("| `PAIS_MEMORY_TTL_HOURS` | `24` |"));
}

TEST(SettingsHelp, NamesEveryListedVariableInLinesThatFitAScreen) {
  const std::string help = settings_help();

  for (const auto& group : settings::groups()) {
    for (const auto& each : group.variables) {
      EXPECT_EQ(help.find("\n  " + each.name) != std::string::npos, each.listed) << each.name;
    }
  }
  EXPECT_THAT(help, HasSubstr("\n  AGENT_PORT (8000)\n      Port to listen on"));
  EXPECT_THAT(help, HasSubstr("MCP_SERVER_<name>_URL"));
  for (std::size_t start = 0; start < help.size();) {
    const std::size_t end = help.find('\n', start);
    EXPECT_LE(end - start, 120U) << help.substr(start, end - start);
    start = end + 1;
  }
}

TEST(SettingsTable, NamesEachVariableOnceAndSaysWhatItIsFor) {
  std::vector<std::string> names;
  for (const auto& group : settings::groups()) {
    for (const auto& each : group.variables) {
      names.push_back(each.name);
      EXPECT_EQ(settings::upper_case(each.name), each.name);
      EXPECT_FALSE(each.help.empty()) << each.name;
      EXPECT_FALSE(each.accepts.empty()) << each.name;
      EXPECT_FALSE(each.help.ends_with('.')) << each.name;
    }
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
}

}  // namespace
}  // namespace pais
