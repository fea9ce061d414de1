// Whether telemetry is on, as the deployment says it.
#include "telemetry/open_export.h"

#include <gtest/gtest.h>
#include <map>
#include <string>
#include <variant>

#include "support/captured_log.h"

namespace pais::telemetry {
namespace {

using Environment = std::map<std::string, std::string>;

Settings settings_of(const Environment& environment) {
  const auto loaded = read_settings({.environment = environment});
  EXPECT_TRUE(std::holds_alternative<Loaded>(loaded));
  return std::get<Loaded>(loaded).settings;
}

struct Gate {
  const char* name;
  Environment environment;
  bool is_open;
};

class TheGate : public ::testing::TestWithParam<Gate> {};

const std::string kNowhere = "http://127.0.0.1:1";

TEST_P(TheGate, IsOpenWhenTelemetryIsWantedAndHasSomewhereToGo) {
  const test::CapturedLog log;
  Metrics metrics;
  Environment environment = {{"AGENT_NAME", "helper"}};
  for (const auto& [name, value] : GetParam().environment) environment[name] = value;

  const auto opened = open_export(settings_of(environment), metrics);

  EXPECT_EQ(opened != nullptr, GetParam().is_open);
  EXPECT_EQ(metrics.prometheus().find("pais_telemetry_dropped_total") != std::string::npos, GetParam().is_open)
      << "a counter exists only when telemetry is on";
}

INSTANTIATE_TEST_SUITE_P(
    Table, TheGate,
    ::testing::Values(
        Gate{"nothing", {}, false},  //
        Gate{"endpoint", {{"OTEL_EXPORTER_OTLP_ENDPOINT", kNowhere}}, true},
        Gate{"file", {{"PAIS_TELEMETRY_FILE", "/dev/null"}}, true},
        Gate{"no_scheme", {{"OTEL_EXPORTER_OTLP_ENDPOINT", "127.0.0.1:1"}}, true},
        Gate{"only_a_service_name", {{"OTEL_SERVICE_NAME", "helper"}}, false},
        Gate{"only_one_signal", {{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", kNowhere}}, false},
        Gate{"disabled_true", {{"OTEL_EXPORTER_OTLP_ENDPOINT", kNowhere}, {"OTEL_SDK_DISABLED", "true"}}, false},
        Gate{"disabled_1", {{"OTEL_EXPORTER_OTLP_ENDPOINT", kNowhere}, {"OTEL_SDK_DISABLED", "1"}}, false},
        Gate{"disabled_YES", {{"OTEL_EXPORTER_OTLP_ENDPOINT", kNowhere}, {"OTEL_SDK_DISABLED", "YES"}}, false},
        Gate{"disabled_false", {{"OTEL_EXPORTER_OTLP_ENDPOINT", kNowhere}, {"OTEL_SDK_DISABLED", "false"}}, true},
        Gate{"disabled_nonsense", {{"OTEL_EXPORTER_OTLP_ENDPOINT", kNowhere}, {"OTEL_SDK_DISABLED", "perhaps"}}, true},
        Gate{"enabled_false", {{"OTEL_EXPORTER_OTLP_ENDPOINT", kNowhere}, {"OTEL_ENABLED", "false"}}, false},
        Gate{"enabled_true_alone", {{"OTEL_ENABLED", "true"}}, false}),
    [](const auto& gate) { return std::string(gate.param.name); });

TEST(OpenExport, NamesAnAddressThatIsNoneOnceForAllSignalsAndHidesItsSecrets) {
  const test::CapturedLog log;
  Metrics metrics;

  const auto opened = open_export(
      settings_of({{"AGENT_NAME", "helper"}, {"OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://me:secret@collector"}}), metrics);

  EXPECT_EQ(opened, nullptr);
  const std::string text = log.text();
  const auto first = text.find("Telemetry is not sent to a collector");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(text.find("Telemetry is not sent to a collector", first + 1), std::string::npos);
  EXPECT_EQ(text.find("secret"), std::string::npos);
}

TEST(OpenExport, LeavesOutHeadersThatCannotBeSentAndNamesEachOnce) {
  const test::CapturedLog log;
  Metrics metrics;

  const auto opened = open_export(settings_of({{"AGENT_NAME", "helper"},
                                               {"OTEL_EXPORTER_OTLP_ENDPOINT", kNowhere},
                                               {"OTEL_EXPORTER_OTLP_HEADERS", "good=1,te=hidden"}}),
                                  metrics);

  EXPECT_NE(opened, nullptr);
  const std::string text = log.text();
  const auto first = text.find("The header te of");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(text.find("The header te of", first + 1), std::string::npos);
  EXPECT_EQ(text.find("hidden"), std::string::npos);
}

}  // namespace
}  // namespace pais::telemetry
