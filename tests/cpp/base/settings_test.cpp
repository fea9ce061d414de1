#include "base/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "settings_of_a_test.h"

namespace pais {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

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

}  // namespace
}  // namespace pais
