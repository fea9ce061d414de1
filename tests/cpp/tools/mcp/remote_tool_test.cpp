#include "tools/mcp/remote_tool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nlohmann/json.hpp"

#include "tools/mcp/header_value.h"

namespace pais::tools::mcp {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

json page_of(const std::string& tool) {
  return {{"tools", json::array({json::parse(tool)})}};
}

TEST(ToolPages, KeepNameDescriptionAndTheWholeSchema) {
  ToolPages pages(false);
  const std::string schema =
      R"({"$defs":{"n":{"type":"integer"}},"properties":{"a":{"$ref":"#/$defs/n"}},"type":"object"})";

  const auto next = pages.add(page_of(R"({"name":"add","description":"Adds.","inputSchema":)" + schema + "}"));

  ASSERT_TRUE(next);
  EXPECT_FALSE(next->has_value());
  EXPECT_THAT(pages.take(), ElementsAre(RemoteTool{.name = "add", .description = "Adds.", .parameters = schema}));
}

TEST(ToolPages, LeaveOutWhatHasNoNameAndSayIt) {
  ToolPages pages(false);

  ASSERT_TRUE(pages.add(json::parse(R"({"tools":[7,{},{"name":""},{"name":5},{"name":"a"},{"name":"a"}]})")));

  EXPECT_THAT(pages.take(), SizeIs(1));
  EXPECT_THAT(pages.complaints(), SizeIs(5));
}

TEST(ToolPages, AreNoneWhereThereIsNoList) {
  for (const char* text : {"[]", "7", "{}", R"({"tools":{}})"}) {
    EXPECT_FALSE(ToolPages(false).add(json::parse(text))) << text;
  }
}

TEST(ToolPages, EndWhereAServerWouldGoOnForEver) {
  ToolPages pages(false);
  std::size_t count = 0;
  for (bool more = true; more; ++count) {
    const auto next = pages.add({{"tools", json::array()}, {"nextCursor", std::to_string(count)}});
    ASSERT_TRUE(next);
    more = next->has_value();
  }

  EXPECT_EQ(count, ToolPages::kMaxPages);
  EXPECT_THAT(pages.complaints(), SizeIs(1));
}

TEST(ToolPages, AreBoundedInNumberAndInBytes) {
  ToolPages many(false);
  json page = {{"tools", json::array()}};
  for (std::size_t i = 0; i < ToolPages::kMaxTools + 10; ++i) page["tools"].push_back({{"name", std::to_string(i)}});
  ASSERT_TRUE(many.add(page));
  EXPECT_THAT(many.take(), SizeIs(ToolPages::kMaxTools));
  EXPECT_THAT(many.complaints(), SizeIs(1));

  ToolPages large(false);
  const std::string half(ToolPages::kMaxBytes / 2, 'x');
  ASSERT_TRUE(large.add({{"tools", {{{"name", "a"}, {"description", half}}, {{"name", "b"}, {"description", half}}}}}));
  EXPECT_THAT(large.take(), SizeIs(1));
}

TEST(ToolPages, SayHowLongTheyKeep) {
  ToolPages pages(false);

  ASSERT_TRUE(pages.add(json::parse(R"({"tools":[],"ttlMs":1500})")));

  EXPECT_EQ(pages.keeps(), std::chrono::milliseconds(1500));
}

TEST(HeaderArguments, AreFoundBehindPropertiesAlone) {
  ToolPages pages(true);
  ASSERT_TRUE(pages.add(page_of(R"({"name":"t","inputSchema":{"type":"object","properties":{
      "a":{"type":"string","x-mcp-header":"A"},
      "deep":{"type":"object","properties":{"b":{"type":"integer","x-mcp-header":"B"}}},
      "free":{"type":"string","default":{"x-mcp-header":"Data"}}}}})")));
  const auto tools = pages.take();
  ASSERT_THAT(tools, SizeIs(1));

  EXPECT_THAT(tools[0].headers_for(json::parse(R"({"a":"x","deep":{"b":42}})")),
              ElementsAre(Pair("Mcp-Param-A", "x"), Pair("Mcp-Param-B", "42")));
  EXPECT_THAT(tools[0].headers_for(json::parse(R"({"a":null,"deep":7})")), IsEmpty());
  EXPECT_THAT(tools[0].headers_for(json::parse(R"({"a":true})")), ElementsAre(Pair("Mcp-Param-A", "true")));
}

TEST(HeaderArguments, ThatCannotBeCostTheirToolAlone) {
  for (const char* properties : {
           R"({"a":{"type":"number","x-mcp-header":"A"}})",
           R"({"a":{"x-mcp-header":"A"}})",
           R"({"a":{"type":"string","x-mcp-header":""}})",
           R"({"a":{"type":"string","x-mcp-header":"two words"}})",
           R"({"a":{"type":"string","x-mcp-header":7}})",
           R"({"a":{"type":"string","x-mcp-header":"N"},"b":{"type":"string","x-mcp-header":"n"}})",
           R"({"a":{"type":"array","items":{"type":"string","x-mcp-header":"A"}}})",
           R"({"a":{"anyOf":[{"type":"string","x-mcp-header":"A"}]}})",
       }) {
    ToolPages pages(true);
    const std::string bad =
        R"({"name":"bad","inputSchema":{"type":"object","properties":)" + std::string(properties) + "}}";
    ASSERT_TRUE(pages.add({{"tools", {json::parse(bad), {{"name", "good"}}}}}));

    const auto tools = pages.take();
    ASSERT_THAT(tools, SizeIs(1)) << properties;
    EXPECT_EQ(tools[0].name, "good");
    EXPECT_THAT(pages.complaints(), ElementsAre(HasSubstr("bad")));
  }
}

TEST(HeaderValue, IsPlainWhereItCanBe) {
  for (const char* text : {"", "plain", "with space inside", "a=b;c"}) EXPECT_EQ(header_value(text), text);
  EXPECT_EQ(header_value(" padded"), "=?base64?IHBhZGRlZA==?=");
  EXPECT_EQ(header_value("tab\t"), "=?base64?dGFiCQ==?=");
  EXPECT_EQ(header_value("ß"), "=?base64?w58=?=");
  EXPECT_EQ(header_value("=?base64?eA==?="), "=?base64?PT9iYXNlNjQ/ZUE9PT89?=");
}

TEST(HeaderValue, KnowsBase64) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
}

}  // namespace
}  // namespace pais::tools::mcp
