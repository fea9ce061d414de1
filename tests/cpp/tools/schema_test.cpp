#include "tools/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

#include "nlohmann/json.hpp"

#include "base/json.h"

namespace pais::tools {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// What the schema says against the value; "" when it fits.
std::string objection(std::string_view schema, std::string_view value) {
  const auto compiled = Schema::read(schema);
  if (!compiled) return "unreadable schema: " + compiled.error().describe();
  const auto parsed = parse_json(value);
  if (!parsed) return "unreadable value: " + parsed.error().describe();
  return compiled->objection(*parsed).value_or("");
}

bool fits(std::string_view schema, std::string_view value) {
  return objection(schema, value).empty();
}

TEST(Schema, TakesWhatAToolAsksFor) {
  constexpr auto kAdd =
      R"({"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"integer"},"note":{"type":"string"}},
          "required":["a","b"]})";

  EXPECT_EQ(objection(kAdd, R"({"a":1,"b":2})"), "");
  EXPECT_EQ(objection(kAdd, R"({"a":1,"b":2,"note":"x","more":true})"), "");
}

TEST(Schema, NamesWhatIsMissing) {
  EXPECT_EQ(objection(R"({"required":["a","b"]})", R"({"a":1})"), "'b' is required, but missing");
}

TEST(Schema, NamesThePlaceDeepInside) {
  constexpr auto kSchema =
      R"({"properties":{"rows":{"items":{"properties":{"cell":{"type":"boolean"}},"required":["cell"]}}}})";

  EXPECT_EQ(objection(kSchema, R"({"rows":[{"cell":true},{"cell":"yes"}]})"),
            "'rows[1].cell' must be of type boolean, but is of type string");
  EXPECT_EQ(objection(kSchema, R"({"rows":[{}]})"), "'rows[0].cell' is required, but missing");
}

TEST(Schema, SpeaksOfTheValueWhereThereIsNoPath) {
  EXPECT_EQ(objection(R"({"type":"object"})", "[1]"), "the value must be of type object, but is of type array");
}

TEST(Schema, TellsTheTypesApart) {
  const char* const values[] = {"null", "true", "3", "3.5", R"("x")", "[]", "{}"};
  const char* const types[] = {"null", "boolean", "integer", "number", "string", "array", "object"};
  for (int t = 0; t < 7; ++t) {
    const std::string schema = std::string(R"({"type":")") + types[t] + R"("})";
    for (int v = 0; v < 7; ++v) {
      const bool whole_number_as_number = t == 3 && v == 2;
      EXPECT_EQ(fits(schema, values[v]), t == v || whole_number_as_number) << types[t] << " " << values[v];
    }
  }
}

TEST(Schema, TakesAWholeNumberForAnIntegerHoweverItIsWritten) {
  EXPECT_TRUE(fits(R"({"type":"integer"})", "3.0"));
  EXPECT_TRUE(fits(R"({"type":"integer"})", "1e3"));
  EXPECT_EQ(objection(R"({"type":"integer"})", "3.1"), "the value must be of type integer, but is of type number");
}

TEST(Schema, DoesNotReadNumbersOutOfTexts) {
  EXPECT_FALSE(fits(R"({"type":"integer"})", R"("3")"));
  EXPECT_FALSE(fits(R"({"type":"boolean"})", R"("true")"));
  EXPECT_FALSE(fits(R"({"type":"string"})", "3"));
}

TEST(Schema, KnowsListsOfTypes) {
  constexpr auto kSchema = R"({"type":["string","null"]})";

  EXPECT_TRUE(fits(kSchema, "null"));
  EXPECT_TRUE(fits(kSchema, R"("x")"));
  EXPECT_EQ(objection(kSchema, "3"), "the value must be of type null or string, but is of type integer");
}

TEST(Schema, KnowsNullableTypes) {
  EXPECT_TRUE(fits(R"({"type":"string","nullable":true})", "null"));
  EXPECT_FALSE(fits(R"({"type":"string","nullable":false})", "null"));
}

TEST(Schema, TurnsUnknownNamesAwayWhereTheyAreForbidden) {
  constexpr auto kSchema = R"({"properties":{"a":{},"b":{}},"additionalProperties":false})";

  EXPECT_TRUE(fits(kSchema, R"({"a":1})"));
  EXPECT_EQ(objection(kSchema, R"({"c":1})"), "'c' is not allowed; allowed are 'a', 'b'");
  EXPECT_EQ(objection(R"({"additionalProperties":false})", R"({"c":1})"),
            "'c' is not allowed: nothing is expected here");
}

TEST(Schema, LooksAtUnknownNamesWithTheSchemaGivenForThem) {
  constexpr auto kSchema = R"({"properties":{"a":{}},"additionalProperties":{"type":"integer"}})";

  EXPECT_TRUE(fits(kSchema, R"({"a":"x","b":1})"));
  EXPECT_THAT(objection(kSchema, R"({"b":"x"})"), HasSubstr("'b' must be of type integer"));
  EXPECT_TRUE(fits(R"({"additionalProperties":true})", R"({"b":1})"));
}

TEST(Schema, LetsUnknownNamesInWhereAPatternMightAllowThem) {
  EXPECT_TRUE(fits(R"({"patternProperties":{"^x-":{}},"additionalProperties":false})", R"({"x-1":1})"));
}

TEST(Schema, KnowsEnumsAndConstants) {
  EXPECT_TRUE(fits(R"({"enum":["r","w",1,null]})", "null"));
  EXPECT_TRUE(fits(R"({"enum":[1]})", "1.0"));
  EXPECT_EQ(objection(R"({"enum":["r","w",1]})", R"("x")"), R"(the value must be one of "r", "w", 1)");
  EXPECT_TRUE(fits(R"({"const":{"a":[1]}})", R"({"a":[1]})"));
  EXPECT_EQ(objection(R"({"const":"on"})", R"("off")"), R"(the value must be "on")");
}

TEST(Schema, KnowsTheBoundsOfNumbers) {
  constexpr auto kClosed = R"({"minimum":1,"maximum":3})";
  EXPECT_TRUE(fits(kClosed, "1"));
  EXPECT_TRUE(fits(kClosed, "3.0"));
  EXPECT_EQ(objection(kClosed, "0"), "the value must be at least 1");
  EXPECT_EQ(objection(kClosed, "3.5"), "the value must be at most 3");

  constexpr auto kOpen = R"({"exclusiveMinimum":0,"exclusiveMaximum":0.5})";
  EXPECT_TRUE(fits(kOpen, "0.25"));
  EXPECT_EQ(objection(kOpen, "0"), "the value must be greater than 0");
  EXPECT_EQ(objection(kOpen, "0.5"), "the value must be less than 0.5");
}

TEST(Schema, ComparesLargeIntegersToTheLastDigit) {
  constexpr auto kSchema = R"({"maximum":9007199254740992})";

  EXPECT_TRUE(fits(kSchema, "9007199254740992"));
  EXPECT_FALSE(fits(kSchema, "9007199254740993"));
  EXPECT_FALSE(fits(kSchema, "18446744073709551615"));
  EXPECT_TRUE(fits(kSchema, "-9223372036854775808"));
}

TEST(Schema, CountsCharactersNotBytes) {
  constexpr auto kSchema = R"({"minLength":2,"maxLength":3})";

  EXPECT_TRUE(fits(kSchema, R"("€€€")"));
  EXPECT_EQ(objection(kSchema, R"("€")"), "the value must have at least 2 characters, but has 1");
  EXPECT_EQ(objection(kSchema, R"("€€€€")"), "the value must have at most 3 characters, but has 4");
  EXPECT_TRUE(fits(kSchema, "12345")) << "only texts have a length";
}

TEST(Schema, CountsItems) {
  constexpr auto kSchema = R"({"minItems":1,"maxItems":2})";

  EXPECT_TRUE(fits(kSchema, "[1]"));
  EXPECT_EQ(objection(kSchema, "[]"), "the value must have at least 1 items, but has 0");
  EXPECT_EQ(objection(kSchema, "[1,2,3]"), "the value must have at most 2 items, but has 3");
}

TEST(Schema, AsksAllOfToFitAlltogether) {
  constexpr auto kSchema = R"({"allOf":[{"required":["a"]},{"required":["b"]}]})";

  EXPECT_TRUE(fits(kSchema, R"({"a":1,"b":2})"));
  EXPECT_EQ(objection(kSchema, R"({"a":1})"), "'b' is required, but missing");
}

TEST(Schema, AsksAnyOfToFitOnce) {
  constexpr auto kSchema = R"({"properties":{"n":{"anyOf":[{"type":"integer"},{"type":"null"}]}}})";

  EXPECT_TRUE(fits(kSchema, R"({"n":null})"));
  EXPECT_TRUE(fits(R"({"anyOf":[{"type":"integer"},{"type":"number"}]})", "3"));
  EXPECT_THAT(objection(kSchema, R"({"n":"x"})"),
              AllOf(HasSubstr("'n' fits none of its 2 forms"), HasSubstr("type integer"), HasSubstr("type null")));
}

TEST(Schema, AsksOneOfToFitExactlyOnce) {
  constexpr auto kSchema = R"({"oneOf":[{"required":["a"]},{"required":["b"]}]})";

  EXPECT_TRUE(fits(kSchema, R"({"a":1})"));
  EXPECT_EQ(objection(kSchema, R"({"a":1,"b":2})"), "the value fits several forms where exactly one is wanted");
  EXPECT_THAT(objection(kSchema, "{}"), HasSubstr("fits none of its 2 forms"));
}

TEST(Schema, ShowsOnlyTheFirstOfManyForms) {
  const auto text = objection(R"({"anyOf":[{"const":1},{"const":2},{"const":3},{"const":4}]})", "5");

  EXPECT_THAT(text, AllOf(HasSubstr("must be 3"), Not(HasSubstr("must be 4")), HasSubstr("…")));
}

TEST(Schema, FollowsReferencesWithinTheDocument) {
  constexpr auto kSchema =
      R"({"properties":{"at":{"$ref":"#/$defs/point"},"to":{"$ref":"#/definitions/a~1b"}},
          "$defs":{"point":{"type":"object","required":["x"]}},"definitions":{"a/b":{"type":"string"}}})";

  EXPECT_TRUE(fits(kSchema, R"({"at":{"x":1},"to":"here"})"));
  EXPECT_EQ(objection(kSchema, R"({"at":{}})"), "'at.x' is required, but missing");
  EXPECT_THAT(objection(kSchema, R"({"to":3})"), HasSubstr("'to' must be of type string"));
}

TEST(Schema, FollowsASchemaThatContainsItself) {
  constexpr auto kTree =
      R"({"type":"object","properties":{"next":{"$ref":"#"},"value":{"type":"integer"}},"required":["value"]})";

  EXPECT_TRUE(fits(kTree, R"({"value":1,"next":{"value":2,"next":{"value":3}}})"));
  EXPECT_EQ(objection(kTree, R"({"value":1,"next":{"value":2,"next":{}}})"),
            "'next.next.value' is required, but missing");
}

TEST(Schema, LooksAtARuleBesideAReferenceToo) {
  EXPECT_EQ(objection(R"({"$ref":"#/$defs/n","minimum":3,"$defs":{"n":{"type":"integer"}}})", "2"),
            "the value must be at least 3");
}

TEST(Schema, TakesAnythingWhereAReferenceLeadsNowhere) {
  EXPECT_TRUE(fits(R"({"$ref":"#/$defs/missing"})", "1"));
  EXPECT_TRUE(fits(R"({"$ref":"https://example.org/schema"})", "1"));
  EXPECT_TRUE(fits(R"({"$ref":7})", "1"));
}

TEST(Schema, DoesNotLoseItselfInReferencesThatGoRoundInCircles) {
  EXPECT_TRUE(fits(R"({"$ref":"#"})", "1"));
  EXPECT_TRUE(fits(R"({"anyOf":[{"$ref":"#"},{"$ref":"#"}]})", "1"));
  EXPECT_TRUE(fits(R"({"oneOf":[{"$ref":"#"},{"$ref":"#"}],"allOf":[{"$ref":"#"},{"$ref":"#"}]})", "{}"));
}

TEST(Schema, LeavesAValueThatTakesTooLongToTheTool) {
  constexpr auto kNumbers = R"({"items":{"type":"integer"}})";
  std::string few = "[0";
  for (int i = 0; i < 1'000; ++i) few += ",0";
  std::string many = few;
  for (int i = 0; i < 200'000; ++i) many += ",0";

  EXPECT_FALSE(fits(kNumbers, few + R"(,"x"])"));
  EXPECT_TRUE(fits(kNumbers, many + R"(,"x"])"));
}

TEST(Schema, QuotesOnlyTheBeginningOfLongNamesAndValues) {
  const std::string name(100'000, 'n');

  EXPECT_LT(objection(R"({"additionalProperties":false})", "{\"" + name + "\":1}").size(), 1000u);
  EXPECT_LT(objection("{\"const\":\"" + name + "\"}", "1").size(), 1000u);
  EXPECT_LT(objection("{\"anyOf\":[{\"required\":[\"" + name + "\"]}]}", "{}").size(), 1000u);
}

TEST(Schema, MayBeJustYesOrNo) {
  EXPECT_TRUE(fits("true", R"({"a":1})"));
  EXPECT_EQ(objection("false", "1"), "the value is not allowed");
  EXPECT_EQ(objection(R"({"properties":{"a":false}})", R"({"a":1})"), "'a' is not allowed");
}

TEST(Schema, TakesNoNoticeOfWhatItDoesNotKnow) {
  EXPECT_TRUE(fits(R"({"type":"string","format":"email","pattern":"^x","title":"T","x-more":[1]})", R"("y")"));
  EXPECT_TRUE(fits(R"({"type":"file","minimum":"low","required":"a","properties":[],"enum":3,"items":[{}]})", "[1]"));
  EXPECT_TRUE(fits(R"({"prefixItems":[{"type":"string"}],"items":false})", R"(["x"])"));
}

TEST(Schema, CannotBeReadFromSomethingElse) {
  for (const char* text : {"", "{", "3", "null", R"("object")", "[]"}) {
    const auto schema = Schema::read(text);
    ASSERT_FALSE(schema) << text;
    EXPECT_EQ(schema.error().code, Code::malformed) << text;
  }
}

TEST(Schema, OfUnreasonablyManyPartsIsRefused) {
  std::string text = R"({"anyOf":[)";
  for (int i = 0; i < 30'000; ++i) text += i == 0 ? "{}" : ",{}";
  text += "]}";

  EXPECT_FALSE(Schema::read(text));
}

}  // namespace
}  // namespace pais::tools
