#include "base/settings_sources.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "settings_of_a_test.h"

namespace pais {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::Pair;

Sources with_file(std::string contents) {
  Sources sources = complete();
  sources.env_files = {{".env", std::move(contents)}};
  return sources;
}

TEST(Settings, TakeTheStrongestSource) {
  Sources sources = complete({{"MODEL_NAME", "environment"}, {"AGENT_DESCRIPTION", "environment"}});
  sources.command_line = {{"MODEL_NAME", "command line"}};
  sources.env_files = {{"extra.env", "AGENT_DESCRIPTION=extra\nMEMORY_MAX_SESSIONS=7\n"},
                       {".env", "AGENT_DESCRIPTION=dot\nMEMORY_MAX_SESSIONS=8\nMEMORY_CONTEXT_LIMIT=9\n"}};

  const Loaded loaded = load(sources);

  EXPECT_EQ(loaded.settings.model_name, "command line");
  EXPECT_EQ(loaded.settings.agent_description, "environment");
  EXPECT_EQ(loaded.settings.memory_max_sessions, 7);
  EXPECT_EQ(loaded.settings.memory_context_limit, 9);
  EXPECT_THAT(loaded.origins,
              IsSupersetOf({Pair("MODEL_NAME", "command line"), Pair("AGENT_DESCRIPTION", "environment"),
                            Pair("MEMORY_MAX_SESSIONS", "extra.env"), Pair("MEMORY_CONTEXT_LIMIT", ".env")}));
  EXPECT_EQ(loaded.origins.count("PAIS_STRICT"), 0U);
  EXPECT_THAT(loaded.warnings, IsEmpty());
}

TEST(Settings, AreNamedInAnyLetterCase) {
  const Loaded loaded =
      load({.environment = {{"agent_name", "a"}, {"Model_Name", "m"}, {"MODEL_API_URL", "http://m"}}});

  EXPECT_EQ(loaded.settings.agent_name, "a");
  EXPECT_EQ(loaded.settings.model_name, "m");
}

TEST(Settings, PreferTheSpellingInCapitals) {
  EXPECT_EQ(load(complete({{"model_name", "small"}, {"MODEL_NAME", "LARGE"}})).settings.model_name, "LARGE");
  EXPECT_EQ(load(complete({{"MODEL_NAME", "LARGE"}, {"model_name", "small"}})).settings.model_name, "LARGE");
}

TEST(Settings, LoseTheBlanksAroundThem) {
  const Loaded loaded =
      load(complete({{"MODEL_NAME", "  m \r\n"}, {"MEMORY_MAX_SESSIONS", " 5 "}, {"PAIS_METRICS", "\ttrue"}}));

  EXPECT_EQ(loaded.settings.model_name, "m");
  EXPECT_EQ(loaded.settings.memory_max_sessions, 5);
  EXPECT_TRUE(loaded.settings.metrics);
}

TEST(Settings, ReportAllBadValuesTogether) {
  const auto problems = problems_of(complete({{"MEMORY_MAX_SESSIONS", "abc"},
                                              {"AGENTIC_LOOP_MAX_STEPS", "0"},
                                              {"MEMORY_ENABLED", "maybe"},
                                              {"PAIS_QUEUE_SECONDS", "-1"},
                                              {"OTEL_EVENT_MODE", "x"}}));

  EXPECT_THAT(problems, ElementsAre("AGENTIC_LOOP_MAX_STEPS: \"0\" is not a whole number from 1 to 10000",
                                    "PAIS_QUEUE_SECONDS: \"-1\" is not a number of seconds",
                                    "MEMORY_ENABLED: \"maybe\" is not true or false",
                                    "MEMORY_MAX_SESSIONS: \"abc\" is not a whole number",
                                    "OTEL_EVENT_MODE: \"x\" is not attributes or logs"));
}

TEST(Settings, ReportBadValuesOfFilesAsWell) {
  EXPECT_THAT(problems_of(with_file("AGENT_PORT=http\n")), ElementsAre("AGENT_PORT: \"http\" is not a whole number"));
}

TEST(Settings, NeverShowSecretsInProblems) {
  const auto problems = problems_of(complete({{"MODEL_API_KEY", "hunter2 hunter2"},
                                              {"AGENT_API_KEY", "hunter2\x01"},
                                              {"MEMORY_REDIS_URL", "http://user:hunter2@host"},
                                              {"MODEL_API_URL", "ftp://user:hunter2@host"},
                                              {"MCP_SERVERS", "a"},
                                              {"MCP_SERVER_a_URL", "http://a"},
                                              {"MCP_SERVER_a_TOKEN", "hunter2\x01"},
                                              {"PAIS_HOST", "http://user:hunter2@host"}}));

  EXPECT_EQ(problems.size(), 6U);
  EXPECT_THAT(problems, Each(AllOf(Not(HasSubstr("hunter2")), HasSubstr("(not shown)"))));
}

TEST(Settings, RefuseAnAddressOfTheModelThatNoPathCanBeAddedTo) {
  EXPECT_THAT(problems_of(complete({{"MODEL_API_URL", "http://m/#f"}})), ElementsAre(HasSubstr("has a fragment")));
}

TEST(Settings, NeverShowSecretsInWarnings) {
  const Loaded loaded = load(complete({{"OTEL_EXPORTER_OTLP_HEADERS", "hunter2"},
                                       {"AGENT_SUB_AGENTS", "a:http://u:hun,ter2@host,hunter2"},
                                       {"MCP_SERVERS", "b"},
                                       {"MCP_SERVER_b_URL", "ftp://u:hunter2@host"}}));

  EXPECT_EQ(loaded.warnings.size(), 5U);
  EXPECT_THAT(loaded.warnings, Each(AllOf(Not(HasSubstr("hunter2")), Not(HasSubstr("ter2")), Not(HasSubstr("u:hun")))));
}

TEST(Settings, ShowBadValuesInAFormThatIsSafeToPrint) {
  const auto problems =
      problems_of(complete({{"AGENT_PORT", "1\n2\x1b[31m"}, {"MEMORY_MAX_SESSIONS", std::string(500, 'x')}}));

  EXPECT_THAT(problems, ElementsAre("AGENT_PORT: \"1\\n2\\x1b[31m\" is not a whole number",
                                    "MEMORY_MAX_SESSIONS: \"" + std::string(80, 'x') + "…\" is not a whole number"));
}

TEST(Settings, RefuseTextThatIsNotUtf8) {
  EXPECT_THAT(problems_of(complete({{"AGENT_INSTRUCTIONS", "a\xFF"}})),
              ElementsAre("AGENT_INSTRUCTIONS: \"a\\xff\" is not UTF-8 text"));
}

TEST(Settings, NameTheUnknownKeysOfAFileInOneLine) {
  const Loaded loaded = load(with_file("COLOUR=red\nMODEL_NAME=x\nSIZE=3\nMCP_SERVER_a_URL=http://a\nTASK_GOAL=x\n"));

  EXPECT_THAT(loaded.warnings,
              ElementsAre(".env: not settings of this host, left to who else reads the file: COLOUR,SIZE"));
}

TEST(Settings, SayNothingOfUnknownNamesInTheEnvironment) {
  EXPECT_THAT(load(complete({{"PATH", "/bin"}, {"COLOUR", "red"}})).warnings, IsEmpty());
}

TEST(Settings, NameTheLinesOfAFileThatMakeNoSense) {
  const Loaded loaded = load(with_file("AGENT_DESCRIPTION=d\nwhat\n\nis this\n"));

  EXPECT_EQ(loaded.settings.agent_description, "d");
  EXPECT_THAT(loaded.warnings, ElementsAre(".env: neither NAME=value nor a comment, ignored: line 2,4"));
}

TEST(Settings, TakeTheScriptFromTheEnvironmentOnly) {
  const Loaded from_file = load(with_file("DEBUG_MOCK_RESPONSES=[\"a\"]\n"));
  const Loaded from_environment = load(complete({{"DEBUG_MOCK_RESPONSES", "[\"a\"]"}}));

  EXPECT_EQ(from_file.settings.debug_mock_responses, "");
  EXPECT_THAT(from_file.warnings, ElementsAre(".env: DEBUG_MOCK_RESPONSES is read from the process environment only"));
  EXPECT_EQ(from_environment.settings.debug_mock_responses, "[\"a\"]");
}

TEST(ShownSettings, MaskWhatIsSecretAndSayWhereEachIsFrom) {
  const Loaded loaded = load(complete({{"MODEL_API_KEY", "hunter2"},
                                       {"AGENT_API_KEY", "hunter2"},
                                       {"MEMORY_REDIS_URL", "redis://u:hunter2@h/0"},
                                       {"MODEL_API_URL", "http://u:hunter2@m"},
                                       {"AGENT_SUB_AGENTS", "a:http://u:hunter2@a,b:http://u:hunter2@b"},
                                       {"PEER_AGENT_A_API_KEY", "hunter2"},
                                       {"MCP_SERVERS", "c"},
                                       {"MCP_SERVER_c_URL", "http://u:hunter2@c"},
                                       {"MCP_SERVER_c_TOKEN", "hunter2"},
                                       {"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "k=hunter2"}}));

  std::map<std::string, std::string> values;
  std::map<std::string, std::string> origins;
  for (const ShownSetting& each : shown_settings(loaded)) {
    EXPECT_THAT(each.value, Not(HasSubstr("hunter2"))) << each.name;
    values[each.name] = each.value;
    origins[each.name] = each.origin;
  }
  EXPECT_THAT(values, IsSupersetOf({Pair("MODEL_API_KEY", "***"), Pair("MEMORY_REDIS_URL", "redis://u:***@h/0"),
                                    Pair("AGENT_SUB_AGENTS", "a:http://u:***@a,b:http://u:***@b"),
                                    Pair("MCP server c", "http://u:***@c/mcp"), Pair("sub-agent b", "http://u:***@b"),
                                    Pair("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "***"), Pair("AGENT_PORT", "8000"),
                                    Pair("PAIS_QUEUE_SECONDS", "5")}));
  EXPECT_THAT(origins, IsSupersetOf({Pair("MODEL_API_KEY", "environment"), Pair("AGENT_PORT", "default")}));
  EXPECT_THAT(values, Not(Contains(Pair("OTEL_EXPORTER_OTLP_LOGS_HEADERS", ::testing::_))));
}

TEST(ProcessEnvironment, IsASnapshot) {
  setenv("PAIS_TEST_OF_ENVIRONMENT", "a=b", 1);
  const auto values = process_environment();
  unsetenv("PAIS_TEST_OF_ENVIRONMENT");

  EXPECT_EQ(values.at("PAIS_TEST_OF_ENVIRONMENT"), "a=b");
}

class EnvFileTest : public ::testing::Test {
 protected:
  EnvFileTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "pais-env-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~EnvFileTest() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& contents) const {
    const std::string path = (folder_ / "file.env").string();
    std::ofstream(path, std::ios::binary) << contents;
    return path;
  }

  std::filesystem::path folder_;
};

TEST_F(EnvFileTest, IsReadWhole) {
  const std::string path = write("A=1\r\nB=2");

  const auto read = read_env_file(path);

  ASSERT_TRUE(read);
  ASSERT_TRUE(*read);
  EXPECT_EQ((*read)->name, path);
  EXPECT_EQ((*read)->contents, "A=1\r\nB=2");
}

TEST_F(EnvFileTest, MayBeAbsent) {
  const auto read = read_env_file((folder_ / "none").string());

  ASSERT_TRUE(read);
  EXPECT_FALSE(*read);
}

TEST_F(EnvFileTest, IsRefusedWhenItIsAFolderOrEndless) {
  const auto folder = read_env_file(folder_.string());
  const auto endless = read_env_file(write(std::string(1024 * 1024 + 1, '#')));

  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().code, Code::invalid_setting);
  ASSERT_FALSE(endless);
  EXPECT_THAT(endless.error().cause, HasSubstr("over a megabyte"));
}

}  // namespace
}  // namespace pais
