#include "tools/mcp/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nlohmann/json.hpp"

namespace pais::tools::mcp {
namespace {

using nlohmann::json;
using ::testing::SizeIs;

Message only(const std::string& text) {
  auto messages = read_messages(text);
  if (!messages || messages->size() != 1) {
    ADD_FAILURE() << text;
    return {};
  }
  return messages->front();
}

TEST(McpMessage, IsAResultARefusalARequestOrANotification) {
  const Message result = only(R"({"jsonrpc":"2.0","id":"a","result":{"x":1}})");
  EXPECT_EQ(result.kind, Message::Kind::result);
  EXPECT_EQ(result.id, R"("a")");
  EXPECT_EQ(*result.content, json::parse(R"({"x":1})"));

  const Message refusal = only(R"({"jsonrpc":"2.0","id":7,"error":{"code":-32602,"message":"no","data":{"d":1}}})");
  EXPECT_EQ(refusal.kind, Message::Kind::refusal);
  EXPECT_EQ(refusal.id, "7");
  EXPECT_EQ(refusal.refused.code, -32602);
  EXPECT_EQ(refusal.refused.message, "no");
  EXPECT_EQ(*refusal.refused.data, json::parse(R"({"d":1})"));

  const Message request = only(R"({"jsonrpc":"2.0","id":1,"method":"ping"})");
  EXPECT_EQ(request.kind, Message::Kind::request);
  EXPECT_EQ(request.method, "ping");

  const Message notification = only(R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"p":1}})");
  EXPECT_EQ(notification.kind, Message::Kind::notification);
  EXPECT_EQ(*notification.content, json::parse(R"({"p":1})"));
}

TEST(McpMessage, MayComeInABatch) {
  const auto messages = read_messages(R"([{"method":"a"},{"id":1,"result":{}}])");

  ASSERT_TRUE(messages);
  EXPECT_THAT(*messages, SizeIs(2));
}

TEST(McpMessage, IsMalformedWhenItIsNone) {
  const std::string deep = std::string(100, '[') + std::string(100, ']');
  for (const std::string& text :
       {std::string(""), std::string("7"), std::string("{"), std::string("{}"), std::string("[1]"),
        std::string(R"({"method":7})"), std::string(R"({"id":1,"error":"no"})"), deep}) {
    const auto messages = read_messages(text);

    ASSERT_FALSE(messages) << text;
    EXPECT_EQ(messages.error().code, Code::malformed);
  }
}

TEST(McpMessage, OfAPingIsAnsweredAndAnythingElsePolitelyNot) {
  EXPECT_EQ(answer_to(only(R"({"id":"p","method":"ping"})")), R"({"jsonrpc":"2.0","id":"p","result":{}})");
  EXPECT_EQ(answer_to(only(R"({"id":2,"method":"roots/list"})")),
            R"({"jsonrpc":"2.0","id":2,"error":{"code":-32601,"message":"Method not found"}})");
}

TEST(McpMessage, OfOursIsJsonWhateverBytesAreInIt) {
  const std::string request = write_request(R"("i")", "tools/call", {{"name", "\xFF"}});

  EXPECT_EQ(json::parse(request)["params"]["name"], "\uFFFD");
  EXPECT_EQ(write_notification("notifications/initialized", json::object()),
            R"({"jsonrpc":"2.0","method":"notifications/initialized"})");
}

TEST(McpMessage, ExcerptsDoNotCutCharacters) {
  EXPECT_EQ(excerpt("aß", 2), "a…");
  EXPECT_EQ(excerpt("aß", 3), "aß");
}

}  // namespace
}  // namespace pais::tools::mcp
