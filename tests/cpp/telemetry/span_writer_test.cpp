#include "telemetry/span_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "telemetry/otlp.h"
#include "telemetry/told.h"

namespace pais::telemetry {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

const std::string kFull(kLongestValue, 'x');

Span with(Attributes attributes) {
  Span span{.scope = {"test"}, .name = "test", .start = {}, .end = {}};
  span.attributes = std::move(attributes);
  return span;
}

Span told_again(const Span& span) {
  Told told;
  tell(told, span);
  return told.spans().at(0);
}

TEST(SpanWriter, LeavesWhatFitsAsItIs) {
  const Attributes attributes = {
      {"text", kFull}, {"empty", std::string()}, {"whole", std::int64_t{-1}},
      {"half", 0.5},   {"flag", false},          {"list", std::vector<std::string>{"a", ""}}};

  const Span span = told_again(with(attributes));

  EXPECT_EQ(span.attributes, attributes);
}

TEST(SpanWriter, CutsALongTextAndSaysSoRightBehindIt) {
  const Span span = told_again(with({{"text", kFull + "x"}, {"last", true}}));

  EXPECT_THAT(span.attributes,
              ElementsAre(Pair("text", Value(kFull)), Pair("text.truncated", Value(true)), Pair("last", Value(true))));
}

TEST(SpanWriter, CutsBetweenTwoCharacters) {
  const Span span = told_again(with({{"text", kFull.substr(1) + "é"}}));

  EXPECT_EQ(std::get<std::string>(span.attributes.at(0).second), kFull.substr(1));
}

TEST(SpanWriter, CutsEachTextOfAListAndOfAnEventAndOfTheStatus) {
  Span span = with({{"list", std::vector<std::string>{"short", kFull + "y"}}});
  span.events = {{"exception", {}, {{"exception.stacktrace", kFull + "y"}}}};
  span.status = Span::Status::error;
  span.status_message = kFull + "y";

  span = told_again(span);

  EXPECT_EQ(std::get<std::vector<std::string>>(span.attributes.at(0).second).at(1), kFull);
  EXPECT_EQ(span.attributes.at(1).first, "list.truncated");
  EXPECT_EQ(span.events.at(0).attributes.at(1).first, "exception.stacktrace.truncated");
  EXPECT_EQ(span.status_message, kFull);
}

TEST(SpanWriter, PutsMembersIntoBracketsAndCutsWhatIsTooLongOfThem) {
  AttributeWriter writer(9);

  writer.list("short", R"({"a":1})");
  writer.list("long", kFull);

  Span span = read_span({}, writer.bytes());
  EXPECT_EQ(text_of(span, "short"), R"([{"a":1}])");
  EXPECT_EQ(text_of(span, "long"), "[" + kFull.substr(1));
  EXPECT_EQ(attribute(span, "long.truncated"), Value(true));
}

TEST(SpanWriter, RepairsTextThatIsNone) {
  const Span span = told_again(with({{"te\xFFxt", std::string("gr\xC3\xBC\xC3")}}));

  EXPECT_THAT(span.attributes, ElementsAre(Pair("te\xEF\xBF\xBDxt", Value(std::string("gr\xC3\xBC\xEF\xBF\xBD")))));
}

TEST(SpanWriter, KeepsOnlyTheFirstOfTooManyAttributesAndEvents) {
  Span span = with({});
  for (int i = 0; i < 200; ++i) span.attributes.emplace_back("key", std::int64_t{i});
  span.events.resize(kMostOfAKind + 2, {.name = "tick", .time = {}});

  span = told_again(span);

  EXPECT_THAT(span.attributes, SizeIs(kMostOfAKind));
  EXPECT_THAT(span.events, SizeIs(kMostOfAKind));
}

TEST(SpanWriter, TellsNoStatusWhereThereIsNone) {
  const Span span = told_again(with({}));

  EXPECT_EQ(span.status, Span::Status::unset);
  EXPECT_THAT(span.attributes, IsEmpty());
}

TEST(LogRecords, HaveTheirBodyCut) {
  const LogRecord record{.scope = {"test"}, .time = {}, .body = kFull + "more"};

  const Bytes bytes = encode(record);

  EXPECT_NE(bytes.view().find("body.truncated"), std::string::npos);
  EXPECT_EQ(bytes.view().find("more"), std::string::npos);
}

}  // namespace
}  // namespace pais::telemetry
