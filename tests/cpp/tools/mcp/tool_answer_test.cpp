#include "tools/mcp/tool_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nlohmann/json.hpp"

namespace pais::tools::mcp {
namespace {

using nlohmann::json;

ToolResult read(const std::string& text) {
  return read_tool_answer(json::parse(text));
}

struct Case {
  std::string answer;
  std::string content;
  bool is_json;
};

TEST(ToolAnswer, ReachesTheModelInTheFormThatSaysMost) {
  const std::vector<Case> cases = {
      {R"({"content":[{"type":"text","text":"hello"}]})", "hello", false},
      {R"({"content":[{"type":"text","text":"3"}]})", "3", false},
      {R"({"content":[{"type":"text","text":" {\"a\":1} "}]})", R"({"a":1})", true},
      {R"({"content":[{"type":"text","text":"[1,2]"}]})", "[1,2]", true},
      {R"({"content":[{"type":"text","text":"[draft] no JSON"}]})", "[draft] no JSON", false},
      {R"({"content":[{"type":"text","text":"a"},{"type":"text","text":"{\"b\":2}"}]})", R"(["a",{"b":2}])", true},
      {R"({"content":[]})", "", false},
      {R"({})", "", false},
      // Structured content goes first; a mere wrapper is taken off.
      {R"({"content":[{"type":"text","text":"3"}],"structuredContent":{"result":3}})", "3", true},
      {R"({"content":[{"type":"text","text":"x"}],"structuredContent":{"result":"x"}})", "x", false},
      {R"({"content":[],"structuredContent":{"name":"Ada","age":36}})", R"({"age":36,"name":"Ada"})", true},
      {R"({"content":[],"structuredContent":{"result":1,"more":2}})", R"({"more":2,"result":1})", true},
      // What a text cannot carry.
      {R"({"content":[{"type":"image","data":"bm90IHJlYWxseQ==","mimeType":"image/png"}]})",
       "[image, image/png, 10 bytes, cannot be shown here]", false},
      {R"({"content":[{"type":"audio","data":"AAAA","mimeType":"audio/wav"}]})",
       "[audio, audio/wav, 3 bytes, cannot be shown here]", false},
      {R"({"content":[{"type":"resource","resource":{"uri":"file:///a","text":"inside"}}]})", "inside", false},
      {R"({"content":[{"type":"resource","resource":{"uri":"file:///a","mimeType":"x/y","blob":"AAA="}}]})",
       "[resource file:///a, x/y, 2 bytes, cannot be shown here]", false},
      {R"({"content":[{"type":"resource_link","uri":"file:///a","name":"A"}]})", "A: file:///a", false},
      {R"({"content":[{"type":"hologram"}]})", "[content of an unknown kind]", false},
      {R"({"content":[{"type":"image","data":"","mimeType":"a/b"}],"structuredContent":{"n":1}})",
       R"([{"n":1},"[image, a/b, 0 bytes, cannot be shown here]"])", true},
      // Things that are not as they should be.
      {R"({"content":"text"})", "", false},
      {R"({"content":[7,null,{"type":"text"}]})",
       R"(["[content of an unknown kind]","[content of an unknown kind]",""])", true},
      {R"("bare")", "bare", false},
      {R"({"content":[{"type":"text","text":"x"}],"structuredContent":null})", "x", false},
  };
  for (const Case& each : cases) {
    const ToolResult result = read(each.answer);

    EXPECT_EQ(result.content, each.content) << each.answer;
    EXPECT_EQ(result.is_json, each.is_json) << each.answer;
    EXPECT_FALSE(result.is_error);
  }
}

TEST(ToolAnswer, OfAFailureIsItsTextForTheModelToCorrect) {
  const ToolResult result =
      read(R"({"isError":true,"content":[{"type":"text","text":"no"},{"type":"text","text":"way"}],
                                     "structuredContent":{"result":1}})");

  EXPECT_EQ(result.content, "no\nway");
  EXPECT_TRUE(result.is_error);
  EXPECT_TRUE(result.counts_as_retry);
  EXPECT_FALSE(result.is_json);
  EXPECT_FALSE(read(R"({"isError":true})").content.empty());
}

TEST(ToolAnswer, OfARefusalCountsWhereTheModelIsAtFault) {
  EXPECT_TRUE(read_refusal({.code = -32602, .message = "Unknown tool"}).counts_as_retry);
  EXPECT_FALSE(read_refusal({.code = -32603, .message = "Internal"}).counts_as_retry);
  EXPECT_EQ(read_refusal({.code = -32602, .message = "Unknown tool"}).content, "Unknown tool");
  EXPECT_TRUE(read_refusal({.code = 1, .message = ""}).is_error);
  EXPECT_FALSE(read_refusal({.code = 1, .message = ""}).content.empty());
}

}  // namespace
}  // namespace pais::tools::mcp
