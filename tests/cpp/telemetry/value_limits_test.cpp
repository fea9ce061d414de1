#include "telemetry/value_limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pais::telemetry {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

Span with(Attributes attributes) {
  Span span{.scope = {"test"}, .name = "test", .start = {}, .end = {}};
  span.attributes = std::move(attributes);
  return span;
}

TEST(ValueLimits, LeavesWhatFitsAsItIs) {
  Span span = with({{"text", std::string(kLongestValue, 'x')}, {"whole", std::int64_t{1}}});

  cut_long_values(span);

  EXPECT_THAT(span.attributes,
              ElementsAre(Pair("text", Value(std::string(kLongestValue, 'x'))), Pair("whole", Value(std::int64_t{1}))));
}

TEST(ValueLimits, CutsALongTextAndSaysSoRightBehindIt) {
  Span span = with({{"text", std::string(kLongestValue + 1, 'x')}, {"last", true}});

  cut_long_values(span);

  EXPECT_THAT(span.attributes, ElementsAre(Pair("text", Value(std::string(kLongestValue, 'x'))),
                                           Pair("text.truncated", Value(true)), Pair("last", Value(true))));
}

TEST(ValueLimits, CutsBetweenTwoCharacters) {
  Span span = with({{"text", std::string(kLongestValue - 1, 'x') + "é"}});

  cut_long_values(span);

  EXPECT_EQ(std::get<std::string>(span.attributes[0].second), std::string(kLongestValue - 1, 'x'));
}

TEST(ValueLimits, CutsEachTextOfAListAndOfAnEvent) {
  Span span = with({{"list", std::vector<std::string>{"short", std::string(kLongestValue + 9, 'x')}}});
  span.events = {{"exception", {}, {{"exception.stacktrace", std::string(kLongestValue + 9, 'x')}}}};

  cut_long_values(span);

  EXPECT_EQ(std::get<std::vector<std::string>>(span.attributes[0].second)[1].size(), kLongestValue);
  EXPECT_EQ(span.attributes[1].first, "list.truncated");
  EXPECT_EQ(span.events[0].attributes[1].first, "exception.stacktrace.truncated");
}

TEST(ValueLimits, CutsTheBodyOfALogRecord) {
  LogRecord record{.scope = {"test"}, .time = {}, .body = std::string(kLongestValue + 9, 'x')};

  cut_long_values(record);

  EXPECT_EQ(record.body.size(), kLongestValue);
  EXPECT_THAT(record.attributes, ElementsAre(Pair("body.truncated", Value(true))));
}

}  // namespace
}  // namespace pais::telemetry
