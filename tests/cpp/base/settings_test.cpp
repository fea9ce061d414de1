#include "base/settings.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pais {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::Pair;

using Variables = std::map<std::string, std::string>;

// An agent that lacks nothing, and what the test is about.
Sources complete(Variables more = {}) {
  Variables environment = {{"AGENT_NAME", "calc"}, {"MODEL_API_URL", "http://model"}, {"MODEL_NAME", "m"}};
  for (auto& [name, value] : more) environment[name] = value;
  return {.environment = environment};
}

Loaded load(const Sources& sources) {
  auto read = read_settings(sources);
  if (const auto* problems = std::get_if<Problems>(&read)) {
    ADD_FAILURE() << ::testing::PrintToString(problems->lines);
    return {};
  }
  return std::get<Loaded>(std::move(read));
}

std::vector<std::string> problems_of(const Sources& sources) {
  auto read = read_settings(sources);
  const auto* problems = std::get_if<Problems>(&read);
  return problems == nullptr ? std::vector<std::string>{} : problems->lines;
}

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

  EXPECT_THAT(loaded.warnings, ElementsAre(".env: not settings of this host, ignored: COLOUR,SIZE"));
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

TEST(Settings, NeedAName) {
  const Variables model = {{"MODEL_API_URL", "http://m"}, {"MODEL_NAME", "m"}};

  EXPECT_THAT(problems_of({.environment = model}), ElementsAre("AGENT_NAME: is required and not set"));
  EXPECT_THAT(problems_of(complete({{"AGENT_NAME", " "}})), ElementsAre("AGENT_NAME: is required and not set"));
}

TEST(Settings, FallBackToAGivenNameUnlessStrict) {
  Sources sources = {.environment = {{"MODEL_API_URL", "http://m"}, {"MODEL_NAME", "m"}}, .fallback_name = "folder"};
  const Loaded loaded = load(sources);
  sources.environment["PAIS_STRICT"] = "true";

  EXPECT_EQ(loaded.settings.agent_name, "folder");
  EXPECT_THAT(loaded.warnings, ElementsAre("AGENT_NAME: is not set; folder is used"));
  EXPECT_THAT(problems_of(sources), ElementsAre("AGENT_NAME: is not set; folder is used"));
}

TEST(Settings, StartWithoutAModelUnlessStrict) {
  Sources sources = {.environment = {{"AGENT_NAME", "a"}, {"MODEL_API_URL", ""}}};
  const Loaded loaded = load(sources);
  sources.environment["PAIS_STRICT"] = "1";

  EXPECT_FALSE(loaded.settings.model_configured());
  EXPECT_THAT(loaded.warnings, ElementsAre(HasSubstr("Agent requires either")));
  EXPECT_THAT(problems_of(sources), ElementsAre(HasSubstr("Agent requires either")));
}

TEST(Settings, NeedNoModelWhereTheAgentMayBringOneOrAScriptSpeaks) {
  const Variables strict = {{"AGENT_NAME", "a"}, {"PAIS_STRICT", "true"}};
  Variables scripted = strict;
  scripted["DEBUG_MOCK_RESPONSES"] = "hi";

  EXPECT_THAT(problems_of({.environment = strict, .brings_model = true}), IsEmpty());
  EXPECT_TRUE(load({.environment = scripted}).settings.model_configured());
}

TEST(Settings, CompleteTheModelsUrl) {
  for (const auto& [said, meant] : std::vector<std::pair<std::string, std::string>>{
           {"http://m:11434", "http://m:11434/v1"},
           {"http://m/", "http://m/v1"},
           {"http://m//", "http://m/v1"},
           {"http://m/v1", "http://m/v1"},
           {"http://m/v1/", "http://m/v1"},
           {"http://m/v1/chat/completions", "http://m/v1"},
           {"https://m/openai?version=2", "https://m/openai/v1?version=2"}}) {
    EXPECT_EQ(load(complete({{"MODEL_API_URL", said}})).settings.model_api_url, meant);
  }
}

TEST(Settings, FallBackToLocalMemoryWithoutARedisUrlUnlessStrict) {
  const Loaded loaded = load(complete({{"MEMORY_TYPE", "redis"}}));

  EXPECT_EQ(loaded.settings.memory(), MemoryType::local);
  EXPECT_THAT(loaded.warnings, ElementsAre("MEMORY_REDIS_URL not set, falling back to LocalMemory"));
  EXPECT_THAT(problems_of(complete({{"MEMORY_TYPE", "redis"}, {"PAIS_STRICT", "true"}})),
              ElementsAre("MEMORY_REDIS_URL not set, falling back to LocalMemory"));
  EXPECT_THAT(load(complete({{"MEMORY_TYPE", "redis"}, {"MEMORY_ENABLED", "no"}})).warnings, IsEmpty());
}

TEST(Settings, KnowFourWaysToWantNoMemory) {
  EXPECT_EQ(load(complete({{"MEMORY_ENABLED", "false"}})).settings.memory(), MemoryType::none);
  for (const char* type : {"null", "none", "OFF"}) {
    EXPECT_EQ(load(complete({{"MEMORY_TYPE", type}})).settings.memory(), MemoryType::none) << type;
  }
  EXPECT_EQ(load(complete({{"MEMORY_TYPE", "redis"}, {"MEMORY_REDIS_URL", "unix:///run/redis"}})).settings.memory(),
            MemoryType::redis);
}

TEST(Settings, WarnOfUnknownChoicesThatWereOnceTaken) {
  const Variables said = {{"TOOL_CALL_MODE", "magic"}, {"MEMORY_TYPE", "disk"}, {"OTEL_TRACES_SAMPLER", "some"}};
  Variables strict = said;
  strict["PAIS_STRICT"] = "yes";

  const Loaded loaded = load(complete(said));

  EXPECT_EQ(loaded.settings.tool_call_mode, ToolCallMode::automatic);
  EXPECT_EQ(loaded.settings.memory(), MemoryType::local);
  EXPECT_THAT(loaded.warnings,
              ElementsAre("TOOL_CALL_MODE: \"magic\" is not auto, native or string; auto is used",
                          "MEMORY_TYPE: \"disk\" is not local, redis, null, none or off; local is used",
                          HasSubstr("OTEL_TRACES_SAMPLER: \"some\" is not always_on")));
  EXPECT_EQ(problems_of(complete(strict)).size(), 3U);
}

TEST(Settings, StopAtUnknownChoicesOfOurOwn) {
  EXPECT_THAT(problems_of(complete({{"PAIS_MEMORY_ENDPOINTS", "of"}})),
              ElementsAre("PAIS_MEMORY_ENDPOINTS: \"of\" is not on, loopback or off"));
}

TEST(Settings, ReadTheLogLevelFromTwoVariables) {
  EXPECT_EQ(load(complete()).settings.level(), log::Level::info);
  EXPECT_EQ(load(complete({{"AGENT_LOG_LEVEL", "debug"}})).settings.level(), log::Level::debug);
  EXPECT_EQ(load(complete({{"AGENT_LOG_LEVEL", "debug"}, {"LOG_LEVEL", "Error"}})).settings.level(), log::Level::error);
  EXPECT_EQ(load(complete({{"AGENT_LOG_LEVEL", "debug"}, {"LOG_LEVEL", ""}})).settings.level(), log::Level::debug);
  EXPECT_EQ(load(complete({{"LOG_LEVEL", "warn"}})).settings.level(), log::Level::warning);
}

TEST(Settings, LogAtInfoWhereTheLevelMakesNoSense) {
  const Loaded loaded = load(complete({{"AGENT_LOG_LEVEL", "debug"}, {"LOG_LEVEL", "loud"}}));

  EXPECT_EQ(loaded.settings.level(), log::Level::info);
  EXPECT_THAT(loaded.warnings, ElementsAre(AllOf(HasSubstr("LOG_LEVEL: \"loud\""), HasSubstr("INFO is used"))));
}

TEST(Settings, RefuseToAskForKeysThatDoNotExist) {
  EXPECT_THAT(problems_of(complete({{"AGENT_AUTH_REQUIRED", "true"}})), ElementsAre(HasSubstr("AGENT_API_KEY")));
  EXPECT_THAT(problems_of(complete({{"AGENT_AUTH_REQUIRED", "true"}, {"AGENT_API_KEY", " , "}})),
              ElementsAre(HasSubstr("AGENT_API_KEY")));
  EXPECT_THAT(load(complete({{"AGENT_AUTH_REQUIRED", "true"}, {"AGENT_API_KEY", "k1, k2"}})).settings.api_keys,
              ElementsAre("k1", "k2"));
  EXPECT_THAT(problems_of(complete({{"AGENT_AUTH_REQUIRED", "true"}, {"AGENT_API_KEY_FILE", "keys"}})), IsEmpty());
}

TEST(Settings, WarnOfAKeyThatNobodyIsAskedFor) {
  EXPECT_THAT(load(complete({{"AGENT_API_KEY", "k"}, {"PAIS_STRICT", "true"}})).warnings,
              ElementsAre(HasSubstr("AGENT_AUTH_REQUIRED")));
}

TEST(Settings, TellOfReservedNamesInOneLine) {
  const Loaded loaded = load(complete({{"TASK_MAX_ITERATIONS", "3"},
                                       {"AIB_CLIENT_SECRET", "hunter2"},
                                       {"AGENT_AUTH_ISSUER", "x"},
                                       {"AGENT_AUTH_REQUIRED", "false"},
                                       {"MEMORY_STORE_ENDPOINT", "x"},
                                       {"AGENTIC_LOOP_ENABLE_TOOLS", "true"}}));

  EXPECT_THAT(loaded.notes, ElementsAre("reserved settings ignored: AGENTIC_LOOP_ENABLE_TOOLS, AGENT_AUTH_ISSUER, "
                                        "AIB_CLIENT_SECRET, MEMORY_STORE_ENDPOINT, TASK_MAX_ITERATIONS"));
  EXPECT_THAT(loaded.warnings, IsEmpty());
}

TEST(Settings, TakeDecimalsOfSecondsAndRoundThemUp) {
  EXPECT_EQ(load(complete({{"PAIS_QUEUE_SECONDS", "0.5"}})).settings.queue_time, 500ms);
  EXPECT_EQ(load(complete({{"PAIS_QUEUE_SECONDS", ".25"}})).settings.queue_time, 250ms);
  EXPECT_EQ(load(complete({{"PAIS_QUEUE_SECONDS", "0.0001"}})).settings.queue_time, 1ms);
  EXPECT_EQ(load(complete({{"PAIS_QUEUE_SECONDS", "0"}})).settings.queue_time, 0ms);
  EXPECT_EQ(load(complete({{"PAIS_MEMORY_TTL_HOURS", "1.5"}})).settings.memory_ttl, 90min);
  EXPECT_EQ(load(complete({{"OTEL_BSP_SCHEDULE_DELAY", "250"}})).settings.otel_bsp.schedule_delay, 250ms);
}

TEST(Settings, RefuseTimesThatAreNoPlainNumber) {
  for (const char* text : {"", ".", "1.2.3", "inf", "nan", "1e3", "+1", "5s", "0x1", "99999999999999999999999"}) {
    EXPECT_EQ(problems_of(complete({{"PAIS_QUEUE_SECONDS", text}})).size(), 1U) << text;
  }
}

TEST(Settings, RefuseNumbersThatAreNotWholeOrDoNotFit) {
  for (const char* text : {"", "-", "1.0", "1e3", "+1", "0x10", "1 2", "99999999999999999999999", "-1"}) {
    EXPECT_EQ(problems_of(complete({{"MEMORY_MAX_SESSIONS", text}})).size(), 1U) << text;
  }
}

TEST(Settings, ReadListsInThreeForms) {
  for (const char* text : {"a.example,b.example", "[a.example, b.example]", R"(["a.example","b.example"])",
                           " a.example ,, b.example, ", "['a.example', 'b.example']"}) {
    EXPECT_THAT(load(complete({{"PAIS_ALLOWED_HOSTS", text}})).settings.allowed_hosts,
                ElementsAre("a.example", "b.example"))
        << text;
  }
  EXPECT_THAT(load(complete({{"PAIS_ALLOWED_HOSTS", "[]"}})).settings.allowed_hosts, IsEmpty());
}

TEST(Settings, TakeTelemetryForOnOnlyWithSomewhereToGo) {
  const auto is_on = [](Variables more) { return load(complete(std::move(more))).settings.telemetry_on(); };

  EXPECT_FALSE(is_on({}));
  EXPECT_FALSE(is_on({{"OTEL_EXPORTER_OTLP_ENDPOINT", ""}}));
  EXPECT_TRUE(is_on({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317"}}));
  EXPECT_TRUE(is_on({{"PAIS_TELEMETRY_FILE", "-"}}));
  EXPECT_FALSE(is_on({{"PAIS_TELEMETRY_FILE", "-"}, {"OTEL_SDK_DISABLED", "true"}}));
  EXPECT_FALSE(is_on({{"PAIS_TELEMETRY_FILE", "-"}, {"OTEL_ENABLED", "false"}}));
  EXPECT_TRUE(is_on({{"PAIS_TELEMETRY_FILE", "-"}, {"OTEL_ENABLED", "true"}, {"OTEL_SDK_DISABLED", "maybe"}}));
}

TEST(Settings, NameTheServiceAfterTheAgentUnlessTold) {
  EXPECT_EQ(load(complete()).settings.service_name(), "calc");
  EXPECT_EQ(load(complete({{"OTEL_SERVICE_NAME", "other"}})).settings.service_name(), "other");
}

TEST(Settings, MergeGeneralTelemetryTargetsIntoThoseOfASignal) {
  const Settings settings = load(complete({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318/"},
                                           {"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"},
                                           {"OTEL_EXPORTER_OTLP_HEADERS", "a=1,b=x%20y"},
                                           {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://t:4318/own"},
                                           {"OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "grpc"},
                                           {"OTEL_EXPORTER_OTLP_LOGS_HEADERS", "c=3"}}))
                                .settings;

  const OtlpTarget traces = settings.otlp_target(Signal::traces);
  const OtlpTarget metrics = settings.otlp_target(Signal::metrics);
  const OtlpTarget logs = settings.otlp_target(Signal::logs);

  EXPECT_EQ(traces.endpoint, "http://t:4318/own");
  EXPECT_EQ(traces.protocol, OtlpProtocol::http_protobuf);
  EXPECT_THAT(*traces.headers, ElementsAre(Pair("a", "1"), Pair("b", "x y")));
  EXPECT_EQ(metrics.endpoint, "http://c:4318/v1/metrics");
  EXPECT_EQ(logs.endpoint, "http://c:4318/");
  EXPECT_THAT(*logs.headers, ElementsAre(Pair("c", "3")));
}

TEST(Settings, ReadExporterTimeoutsInTheUnitTheyMustMean) {
  const auto timeout = [](const char* text) {
    return load(complete({{"OTEL_EXPORTER_OTLP_TIMEOUT", text}})).settings.otlp.timeout;
  };

  EXPECT_EQ(timeout("10"), 10s);
  EXPECT_EQ(timeout("2.5"), 2500ms);
  EXPECT_EQ(timeout("10000"), 10s);
}

TEST(Settings, RefuseHeadersThatCouldBreakARequest) {
  for (const char* text : {"a=x%0d%0ab", "a%0a=x", "=x", "a", "a=%zz", "a b=c"}) {
    const Loaded loaded = load(complete({{"OTEL_EXPORTER_OTLP_HEADERS", text}}));

    EXPECT_FALSE(loaded.settings.otlp.headers) << text;
    EXPECT_EQ(loaded.warnings.size(), 1U) << text;
  }
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
