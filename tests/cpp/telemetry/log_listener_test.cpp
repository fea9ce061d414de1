#include "telemetry/log_listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <string>

#include "telemetry/told.h"
#include "telemetry/trace_context.h"

namespace pais::telemetry {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::string kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kSpan = "00f067aa0ba902b7";

std::string attribute_of(const LogRecord& record, std::string_view key) {
  for (const auto& [name, value] : record.attributes) {
    if (name == key) return std::get<std::string>(value);
  }
  return "";
}

TEST(LogListener, TellsOfEachLineOnceWithWhatItIsAbout) {
  const auto told = std::make_shared<Told>();
  const auto listener = std::make_shared<LogListener>(Scope{.name = "kaos.calc"}, told);
  log::let_listen(listener);
  const log::Scope scope({.session_id = "s1", .run_id = "run_1", .trace_id = kTrace, .span_id = kSpan});

  log::warning("pais.agent", "the tool is slow");
  log::debug("pais.agent", "below the level");

  const auto records = told->records();
  ASSERT_THAT(records, SizeIs(1));
  EXPECT_EQ(records[0].body, "the tool is slow");
  EXPECT_EQ(records[0].severity, 13);
  EXPECT_EQ(records[0].severity_text, "WARNING");
  EXPECT_EQ(hex(records[0].trace_id), kTrace);
  EXPECT_EQ(hex(records[0].span_id), kSpan);
  EXPECT_EQ(attribute_of(records[0], "logger_name"), "pais.agent");
  EXPECT_EQ(attribute_of(records[0], "session.id"), "s1");
}

TEST(LogListener, KeepsTheTraceOfALineThatKnowsNoSpan) {
  const auto told = std::make_shared<Told>();
  const auto listener = std::make_shared<LogListener>(Scope{.name = "kaos.calc"}, told);
  log::let_listen(listener);
  const log::Scope scope({.trace_id = kTrace});

  log::info("pais.agent", "helping");

  ASSERT_THAT(told->records(), SizeIs(1));
  EXPECT_EQ(hex(told->records()[0].trace_id), kTrace);
  EXPECT_EQ(told->records()[0].span_id, SpanId{});
}

TEST(LogListener, HearsNothingOnceNobodyKeepsIt) {
  const auto told = std::make_shared<Told>();
  auto listener = std::make_shared<LogListener>(Scope{.name = "kaos.calc"}, told);
  log::let_listen(listener);
  listener.reset();

  log::info("pais.agent", "to nobody");

  EXPECT_THAT(told->records(), IsEmpty());
}

}  // namespace
}  // namespace pais::telemetry
