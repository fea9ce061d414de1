// Whether telemetry is on, as the deployment says it.
#include "telemetry/open_export.h"

#include <arpa/inet.h>
#include <chrono>
#include <future>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <string>
#include <sys/socket.h>
#include <variant>

#include "http/owned_fd.h"
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

// A port where connections are taken, and nothing is ever said.
class SilentCollector {
 public:
  SilentCollector() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(socket_.value(), reinterpret_cast<sockaddr*>(&address), size);
    ::listen(socket_.value(), 1);
    ::getsockname(socket_.value(), reinterpret_cast<sockaddr*>(&address), &size);
    url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }

  std::string url;

 private:
  const http::OwnedFd socket_;
};

TEST(OpenExport, TouchesNoNumbersOnceItIsClosed) {
  const test::CapturedLog log;
  auto metrics = std::make_unique<Metrics>();
  const auto opened = open_export(
      settings_of(
          {{"AGENT_NAME", "helper"}, {"PAIS_TELEMETRY_FILE", "/dev/null"}, {"OTEL_METRIC_EXPORT_INTERVAL", "1"}}),
      *metrics);
  metrics->observe({"test.level", Metric::Kind::gauge, "", ""}, [] { return 1.0; });

  opened->close();
  metrics.reset();

  opened->take(LogRecord{.scope = {}, .time = {}, .body = "too late"});
  opened->take(Scope{}, "too late");
  EXPECT_FALSE(opened->flush(std::chrono::milliseconds(0)));
}

TEST(OpenExport, WaitsForNobodyOnceThereIsAHurry) {
  using namespace std::chrono_literals;
  const test::CapturedLog log;
  const SilentCollector collector;
  Metrics metrics;
  const auto opened =
      open_export(settings_of({{"AGENT_NAME", "helper"}, {"OTEL_EXPORTER_OTLP_ENDPOINT", collector.url}}), metrics);
  opened->take(LogRecord{.scope = {}, .time = {}, .body = "hello"});
  const auto begun = std::chrono::steady_clock::now();
  auto flushed = std::async(std::launch::async, [&] { return opened->flush(5min); });

  opened->hurry();

  EXPECT_FALSE(flushed.get());
  EXPECT_FALSE(opened->flush(5min));
  opened->close();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 2min);
}

}  // namespace
}  // namespace pais::telemetry
