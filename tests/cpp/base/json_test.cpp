#include "base/json.h"

#include <gtest/gtest.h>
#include <string>

#include "nlohmann/json.hpp"

namespace pais {
namespace {

std::string nested(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

void expect_malformed(std::string_view text) {
  const auto read = parse_json(text);
  ASSERT_FALSE(read) << text;
  EXPECT_EQ(read.error().code, Code::malformed);
}

TEST(Json, ReadsWhatIsJson) {
  const auto read = parse_json(R"( {"a":[1,2.5,"é\n",null,true]} )");

  ASSERT_TRUE(read);
  EXPECT_EQ((*read)["a"][2], "é\n");
}

TEST(Json, RefusesWhatIsNot) {
  for (const char* text : {"", " ", "{", "}", "{'a':1}", "[1,]", "01", "nan", "\"a", "\"\\x\"", "{}{}", "[1] x",
                           "\"\n\"", "tru", "{\"a\":1,}", "/* */ 1"}) {
    expect_malformed(text);
  }
}

TEST(Json, RefusesTextThatIsNotUtf8) {
  expect_malformed("\"\xFF\"");
  expect_malformed("\"\xC0\xAF\"");
  expect_malformed("\"\xED\xA0\x80\"");
  expect_malformed("{\"\xE2\x82\":1}");
}

TEST(Json, RefusesLoneSurrogatesInEscapes) {
  expect_malformed(R"("\ud800")");
  expect_malformed(R"("\udc00x")");
}

TEST(Json, LooksBehindANulByte) {
  expect_malformed(std::string_view("{}\0{", 4));
  expect_malformed(std::string_view("[1\0]", 4));
}

TEST(Json, RefusesNumbersThatNoTypeHolds) {
  expect_malformed("1e999");
}

TEST(Json, SaysWhereItStoppedAndNotWhatStoodThere) {
  const auto read = parse_json(R"({"key": hunter2})");

  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().cause, "not JSON at byte 9");
}

TEST(Json, GoesAsDeepAsItMayAndNoDeeper) {
  EXPECT_TRUE(parse_json(nested(64)));
  expect_malformed(nested(65));
  EXPECT_TRUE(parse_json(nested(3), {.depth = 3}));
  EXPECT_FALSE(parse_json(nested(4), {.depth = 3}));
  EXPECT_FALSE(parse_json(R"([{"a":[{}]}])", {.depth = 3}));
}

TEST(Json, RefusesAMillionBracketsWithoutBuildingThem) {
  expect_malformed(std::string(1'000'000, '['));
  expect_malformed(std::string(1'000'000, '{'));
}

TEST(Json, HoldsSoManyValuesAndNoMore) {
  for (const char* const value : {"1", "{}", "[]", R"("a,[{")"}) {
    std::string list = std::string("[") + value;
    for (int i = 1; i < 100; ++i) list += std::string(",") + value;
    list += "]";

    EXPECT_TRUE(parse_json(list, {.values = 300})) << value;
    const auto read = parse_json(list, {.values = 99});
    ASSERT_FALSE(read) << value;
    EXPECT_EQ(read.error().code, Code::too_large) << value;
  }
}

TEST(Json, CountsOnlyBracketsThatAreOutsideOfStrings) {
  EXPECT_TRUE(parse_json(R"({"a":"[[[[[[{{{{{{","b\"[[[":"\\"})", {.depth = 2}));
  EXPECT_FALSE(parse_json(R"({"a":"\\","b":[[]]})", {.depth = 2}));
}

TEST(Json, CountsWhatIsOpenAtOnceAndNotInAll) {
  std::string siblings = "[";
  for (int i = 0; i < 1000; ++i) siblings += "[],";
  siblings += "[]]";

  EXPECT_TRUE(parse_json(siblings, {.depth = 2}));
}

TEST(Json, WritesBytesThatAreNotTextAsReplacements) {
  const nlohmann::json value = {{"a", "x\xFFy"}};

  EXPECT_EQ(dump_json(value), "{\"a\":\"x\xEF\xBF\xBDy\"}");
}

TEST(Json, WritesCompactlyAndInUtf8) {
  EXPECT_EQ(dump_json({{"a", {1, "é"}}}), R"({"a":[1,"é"]})");
}

}  // namespace
}  // namespace pais
