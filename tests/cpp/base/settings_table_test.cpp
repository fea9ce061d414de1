// Every variable of the table, four ways: absent, empty, good, bad.

#include "base/settings_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

#include "base/settings.h"

namespace pais::settings {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

enum class Empty { is_a_value, is_absent, stops_the_start };
enum class Bad { stops_the_start, warns };

struct Case {
  std::string name;
  std::string standard;  // as it is shown
  Empty empty;
  std::string good;
  std::string shown;  // how the good value is shown; empty: as it was written
  std::string bad;
  Bad outcome = Bad::stops_the_start;
};

constexpr auto kValue = Empty::is_a_value;
constexpr auto kAbsent = Empty::is_absent;
constexpr auto kStops = Empty::stops_the_start;
constexpr auto kWarns = Bad::warns;
const std::string kNotText = "\xFF";

void PrintTo(const Case& each, std::ostream* out) {
  *out << each.name;
}

std::vector<Case> exporter_cases(const std::string& prefix) {
  return {
      {prefix + "ENDPOINT", "", kAbsent, "http://c:4317", "", "a b", kWarns},
      {prefix + "PROTOCOL", "", kAbsent, "http/protobuf", "", "tcp", kWarns},
      {prefix + "HEADERS", "", kAbsent, "a=b", "***", "ab", kWarns},
      {prefix + "TIMEOUT", "", kAbsent, "5000", "5", "soon", kWarns},
      {prefix + "COMPRESSION", "", kAbsent, "gzip", "", "zstd", kWarns},
      {prefix + "CERTIFICATE", "", kAbsent, "/ca.pem", "", "a\nb", kWarns},
      {prefix + "CLIENT_KEY", "", kAbsent, "/key.pem", "***", "a\nb", kWarns},
      {prefix + "CLIENT_CERTIFICATE", "", kAbsent, "/c.pem", "", "a\nb", kWarns},
      {prefix + "INSECURE", "", kAbsent, "TRUE", "true", "maybe", kWarns},
  };
}

std::vector<Case> batch_cases(const std::string& prefix) {
  return {
      {prefix + "SCHEDULE_DELAY", "5000", kAbsent, "100", "", "soon", kWarns},
      {prefix + "MAX_QUEUE_SIZE", "2048", kAbsent, "10", "", "0", kWarns},
      {prefix + "MAX_EXPORT_BATCH_SIZE", "512", kAbsent, "10", "", "many", kWarns},
      {prefix + "EXPORT_TIMEOUT", "30000", kAbsent, "100", "", "-5", kWarns},
  };
}

std::vector<Case> all_cases() {
  std::vector<Case> cases = {
      {"AGENT_NAME", "fallback", kAbsent, "calc", "", "a\nb"},
      {"AGENT_DESCRIPTION", "AI Agent", kValue, "Adds", "", kNotText},
      {"AGENT_INSTRUCTIONS", "You are a helpful assistant.", kValue, "Be\nkind", "", kNotText},
      {"AGENT_PUBLIC_URL", "", kValue, "https://a.example/x", "", "a.example"},
      {"PAIS_TRUST_FORWARDED", "true", kStops, "no", "false", "maybe"},
      {"PAIS_STRICT", "false", kStops, "on", "true", "2"},

      {"MODEL_API_URL", "", kValue, "http://m:8000", "http://m:8000/v1", "m:8000"},
      {"MODEL_NAME", "", kValue, "gpt-x", "", "a\tb"},
      {"MODEL_API_KEY", "***", kValue, "k", "***", "a b"},
      {"TOOL_CALL_MODE", "auto", kAbsent, "String", "string", "magic", kWarns},
      {"PAIS_MODEL_TIMEOUT_SECONDS", "600", kStops, "1.5", "", "1s"},
      {"PAIS_MODEL_CONNECT_TIMEOUT_SECONDS", "10", kStops, "0", "", "-1"},
      {"PAIS_MODEL_FIRST_TOKEN_TIMEOUT_SECONDS", "0", kStops, "30", "", "-1"},
      {"PAIS_MODEL_IDLE_TIMEOUT_SECONDS", "120", kStops, "3", "", "99999999"},
      {"PAIS_MODEL_RETRIES", "2", kStops, "0", "", "21"},

      {"AGENTIC_LOOP_MAX_STEPS", "5", kStops, "1", "", "0"},
      {"PAIS_RUN_TIMEOUT_SECONDS", "0", kStops, "30", "", "x"},
      {"PAIS_RUN_MAX_TOKENS", "0", kStops, "100000", "", "1.5"},
      {"PAIS_RUN_MAX_TOOL_CALLS", "0", kStops, "9", "", "-1"},
      {"PAIS_RUN_MAX_STEPS", "0", kStops, "9", "", "-1"},
      {"PAIS_TOOL_RETRIES", "1", kStops, "0", "", "x"},
      {"PAIS_TOOL_TIMEOUT_SECONDS", "300", kStops, "0.5", "", "x"},
      {"PAIS_TOOL_RESULT_MAX_BYTES", "1048576", kStops, "2048", "", "1"},
      {"PAIS_SESSION_SERIAL", "true", kStops, "0", "false", "x"},
      {"PAIS_ON_DISCONNECT", "cancel", kAbsent, "finish", "", "x"},

      {"PAIS_ERRORS", "json", kAbsent, "text", "", "xml"},
      {"PAIS_PROGRESS", "content", kAbsent, "EVENT", "event", "x"},
      {"PAIS_RESPONSE_ID", "session", kAbsent, "chatcmpl", "", "x"},
      {"PAIS_CLIENT_SYSTEM", "ignore", kAbsent, "append", "", "x"},
      {"PAIS_STREAM_INTERMEDIATE", "true", kStops, "false", "", "x"},
      {"PAIS_REASONING", "false", kStops, "y", "true", "x"},
      {"PAIS_SSE_KEEPALIVE_SECONDS", "15", kStops, "0.2", "", "x"},
      {"PAIS_STREAM_COMMIT_SECONDS", "30", kStops, "1", "", "x"},

      {"PAIS_HOST", "127.0.0.1", kAbsent, "::", "", "http://x"},
      {"AGENT_PORT", "8000", kStops, "0", "", "65536"},
      {"PAIS_MEMORY_ENDPOINTS", "on", kAbsent, "loopback", "", "x"},
      {"PAIS_UI", "loopback", kAbsent, "off", "", "x"},
      {"PAIS_METRICS", "false", kStops, "t", "true", "x"},
      {"PAIS_DRAIN_DELAY_SECONDS", "1", kStops, "0", "", "x"},
      {"PAIS_SHUTDOWN_GRACE_SECONDS", "25", kStops, "2.5", "", "x"},

      {"AGENT_AUTH_REQUIRED", "false", kStops, "no", "false", "x"},
      {"AGENT_API_KEY", "", kValue, "a,b", "***", "a b"},
      {"AGENT_API_KEY_FILE", "", kValue, "/keys", "", "a\nb"},
      {"PAIS_ALLOWED_HOSTS", "", kValue, "[a,b]", "a,b", "http://a"},
      {"PAIS_CORS_ORIGINS", "", kValue, "https://a.example,*", "", "https://a.example/"},

      {"PAIS_MAX_BODY_BYTES", "10485760", kStops, "0", "", "10M"},
      {"PAIS_MAX_BODIES_BYTES", "268435456", kStops, "0", "", "1G"},
      {"PAIS_MAX_HEADER_BYTES", "32768", kStops, "1000", "", "x"},
      {"PAIS_MAX_HEADERS", "100", kStops, "10", "", "x"},
      {"PAIS_MAX_URI_BYTES", "8192", kStops, "100", "", "x"},
      {"PAIS_MAX_CONNECTIONS", "20000", kStops, "10", "", "x"},
      {"PAIS_MAX_RUNS", "", kStops, "7", "", "x"},
      {"PAIS_QUEUE_SECONDS", "5", kStops, "0", "", "x"},
      {"PAIS_HEADER_TIMEOUT_SECONDS", "10", kStops, "0.5", "", "x"},
      {"PAIS_BODY_TIMEOUT_SECONDS", "30", kStops, "1", "", "x"},
      {"PAIS_IDLE_TIMEOUT_SECONDS", "75", kStops, "1", "", "x"},
      {"PAIS_WRITE_TIMEOUT_SECONDS", "30", kStops, "1", "", "x"},

      {"MCP_SERVERS", "", kValue, "[\"a\", \"b\"]", "a,b", "a\x01"},
      {"PAIS_MCP_REQUIRED", "false", kStops, "true", "", "x"},
      {"PAIS_MCP_REFRESH_SECONDS", "60", kStops, "0", "", "x"},

      {"AGENT_SUB_AGENTS", "", kValue, "a:http://a", "", "a\x01"},
      {"PEER_AGENTS", "", kValue, "a , b", "a,b", "a\x01"},
      {"PAIS_DELEGATION_TIMEOUT_SECONDS", "60", kStops, "5", "", "x"},
      {"PAIS_DELEGATION_SESSION", "none", kAbsent, "same", "", "x"},
      {"PAIS_MAX_DELEGATION_DEPTH", "8", kStops, "1", "", "0"},
      {"PAIS_DELEGATION_REFRESH_SECONDS", "60", kStops, "0.5", "", "x"},
      {"PAIS_DELEGATION_ALLOWED_HOSTS", "", kValue, "10.0.0.0/8, *.svc", "10.0.0.0/8,*.svc", "a b"},

      {"MEMORY_ENABLED", "true", kStops, "F", "false", "x"},
      {"MEMORY_TYPE", "local", kAbsent, "none", "null", "disk", kWarns},
      {"MEMORY_CONTEXT_LIMIT", "6", kStops, "0", "", "-1"},
      {"MEMORY_MAX_SESSIONS", "1000", kStops, "1", "", "0"},
      {"MEMORY_MAX_SESSION_EVENTS", "500", kStops, "1", "", "x"},
      {"MEMORY_MAX_BYTES", "268435456", kStops, "65536", "", "1"},
      {"MEMORY_PATH", "", kValue, "/data/m.db", "", "a\nb"},
      {"MEMORY_REDIS_URL", "", kValue, "rediss://u:p@h:6380/1", "rediss://u:***@h:6380/1", "h:6379"},
      {"PAIS_MEMORY_PREFIX", "kaos:memory", kAbsent, "p", "", "a\nb"},
      {"PAIS_MEMORY_TTL_HOURS", "24", kStops, "0.5", "", "0"},

      {"LOG_LEVEL", "", kAbsent, "warn", "WARNING", "loud", kWarns},
      {"AGENT_LOG_LEVEL", "", kAbsent, "TRACE", "", "loud", kWarns},
      {"AGENT_ACCESS_LOG", "", kStops, "off", "false", "x"},
      {"PAIS_LOG_FORMAT", "text", kAbsent, "json", "", "xml"},

      {"OTEL_SDK_DISABLED", "false", kAbsent, "yes", "true", "x", kWarns},
      {"OTEL_ENABLED", "", kAbsent, "false", "", "x", kWarns},
      {"OTEL_SERVICE_NAME", "", kValue, "s", "", "a\nb"},
      {"OTEL_RESOURCE_ATTRIBUTES", "", kAbsent, "a=b,c=d", "", "a", kWarns},
      {"PAIS_TELEMETRY_FILE", "", kValue, "-", "", "a\nb"},
      {"PAIS_OTEL_CONTENT", "true", kStops, "0", "false", "x"},
      {"OTEL_INSTRUMENTATION_VERSION", "4", kStops, "5", "", "6"},
      {"OTEL_EVENT_MODE", "attributes", kAbsent, "logs", "", "x"},
      {"OTEL_INCLUDE_HTTP_SERVER", "false", kAbsent, "1", "true", "x", kWarns},
      {"OTEL_INCLUDE_HTTP_CLIENT", "false", kAbsent, "1", "true", "x", kWarns},
      {"OTEL_PYTHON_FASTAPI_EXCLUDED_URLS", "/health,/ready", kValue, "/a, /b", "/a,/b", kNotText},
      {"OTEL_TRACES_SAMPLER", "parentbased_always_on", kAbsent, "always_off", "", "x", kWarns},
      {"OTEL_TRACES_SAMPLER_ARG", "", kAbsent, "0.25", "", "2", kWarns},
      {"OTEL_METRIC_EXPORT_INTERVAL", "60000", kAbsent, "1000", "", "0", kWarns},

      {"DEBUG_MOCK_RESPONSES", "", kValue, "[\"a\"]", "", kNotText},
      {"PAIS_MOCK_DELAY_MS", "0", kStops, "20", "", "x"},
  };
  const auto add = [&](std::vector<Case> more) { cases.insert(cases.end(), more.begin(), more.end()); };
  for (const char* signal : {"", "TRACES_", "METRICS_", "LOGS_"}) {
    add(exporter_cases("OTEL_EXPORTER_OTLP_" + std::string(signal)));
  }
  add(batch_cases("OTEL_BSP_"));
  add(batch_cases("OTEL_BLRP_"));
  return cases;
}

using Variables = std::map<std::string, std::string>;

std::variant<Loaded, Problems> read(const Variables& environment) {
  return read_settings({.environment = environment, .fallback_name = "fallback", .brings_model = true});
}

std::string value_in(const Loaded& loaded, const std::string& name) {
  for (const ShownSetting& each : shown_settings(loaded)) {
    if (each.name == name) return each.value;
  }
  return "";
}

// Those that are about this variable: some values bring warnings about others.
std::vector<std::string> about(const std::string& name, const std::vector<std::string>& lines) {
  std::vector<std::string> found;
  for (const std::string& line : lines) {
    if (line.starts_with(name + ": ") && !line.ends_with("fallback is used")) found.push_back(line);
  }
  return found;
}

class EachVariable : public ::testing::TestWithParam<Case> {};

TEST_P(EachVariable, HasItsDefaultWhenAbsent) {
  const auto loaded = read({});

  ASSERT_TRUE(std::holds_alternative<Loaded>(loaded));
  EXPECT_EQ(value_in(std::get<Loaded>(loaded), GetParam().name), GetParam().standard);
  EXPECT_FALSE(std::get<Loaded>(loaded).origins.contains(GetParam().name));
}

TEST_P(EachVariable, MeansWhatItShouldWhenEmpty) {
  const Case& variable = GetParam();
  const auto result = read({{variable.name, ""}});

  if (variable.empty == kStops) {
    ASSERT_TRUE(std::holds_alternative<Problems>(result));
    EXPECT_THAT(std::get<Problems>(result).lines, Contains(StartsWith(variable.name + ": \"\" is not")));
    return;
  }
  ASSERT_TRUE(std::holds_alternative<Loaded>(result));
  const Loaded& loaded = std::get<Loaded>(result);
  EXPECT_EQ(value_in(loaded, variable.name), variable.empty == kValue ? "" : variable.standard);
  EXPECT_THAT(about(variable.name, loaded.warnings), IsEmpty());
}

TEST_P(EachVariable, IsTakenWhenGood) {
  const Case& variable = GetParam();

  Variables environment = {{"AGENT_NAME", "a"}};
  environment[variable.name] = variable.good;

  const auto result = read(environment);

  ASSERT_TRUE(std::holds_alternative<Loaded>(result)) << ::testing::PrintToString(std::get<Problems>(result).lines);
  const Loaded& loaded = std::get<Loaded>(result);
  EXPECT_EQ(value_in(loaded, variable.name), variable.shown.empty() ? variable.good : variable.shown);
  EXPECT_EQ(loaded.origins.at(variable.name), "environment");
  EXPECT_THAT(about(variable.name, loaded.warnings), IsEmpty());
}

TEST_P(EachVariable, IsNamedWhenBad) {
  const Case& variable = GetParam();

  const auto result = read({{variable.name, variable.bad}});

  if (variable.outcome == Bad::stops_the_start) {
    ASSERT_TRUE(std::holds_alternative<Problems>(result));
    EXPECT_EQ(about(variable.name, std::get<Problems>(result).lines).size(), 1U);
    return;
  }
  ASSERT_TRUE(std::holds_alternative<Loaded>(result));
  const Loaded& loaded = std::get<Loaded>(result);
  EXPECT_EQ(about(variable.name, loaded.warnings).size(), 1U);
  EXPECT_FALSE(loaded.origins.contains(variable.name));
}

TEST_P(EachVariable, StopsAStrictStartWhenBad) {
  const Case& variable = GetParam();

  Variables environment = {{"AGENT_NAME", "a"}, {"PAIS_STRICT", "true"}};
  environment[variable.name] = variable.bad;

  const auto result = read(environment);

  ASSERT_TRUE(std::holds_alternative<Problems>(result));
  EXPECT_EQ(about(variable.name, std::get<Problems>(result).lines).size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Settings, EachVariable, ::testing::ValuesIn(all_cases()),
                         [](const auto& each) { return each.param.name; });

TEST(SettingsTable, HasNoVariableWithoutACase) {
  std::set<std::string> in_table;
  for (const Group& group : groups()) {
    for (const Variable& each : group.variables) in_table.insert(each.name);
  }
  std::set<std::string> with_case;
  for (const Case& each : all_cases()) with_case.insert(each.name);

  EXPECT_EQ(in_table, with_case);
}

}  // namespace
}  // namespace pais::settings
