#include "model/chat_request.h"

#include <cmath>
#include <limits>

#include "gmock/gmock.h"
#include "nlohmann/json.hpp"

#include "base/utf8.h"

namespace pais::model {
namespace {

using nlohmann::json;

json written(const Request& request, bool include_usage = true) {
  return json::parse(write_chat_request("m", request, include_usage));
}

Request saying(std::string text) {
  return {.messages = {{.role = Message::Role::user, .text = std::move(text)}}};
}

TEST(ChatRequest, CarriesTheConversationInOrder) {
  Request request;
  request.messages = {{.role = Message::Role::system, .text = "Be kind."},
                      {.role = Message::Role::user, .text = "1+2?"},
                      {.role = Message::Role::assistant, .calls = {{"c1", "add", R"({"a":1})"}}},
                      {.role = Message::Role::tool, .text = "3", .call_id = "c1", .tool = "add"},
                      {.role = Message::Role::assistant, .text = "It is 3."}};

  EXPECT_EQ(written(request), json::parse(R"({"model":"m","stream":false,"messages":[
    {"role":"system","content":"Be kind."},
    {"role":"user","content":"1+2?"},
    {"role":"assistant","content":null,
     "tool_calls":[{"id":"c1","type":"function","function":{"name":"add","arguments":"{\"a\":1}"}}]},
    {"role":"tool","content":"3","tool_call_id":"c1"},
    {"role":"assistant","content":"It is 3."}]})"));
}

TEST(ChatRequest, OffersToolsWithTheirSchemasAsTheyAre) {
  Request request = saying("hi");
  request.tools = {{.name = "add", .description = "Adds \"two\".", .parameters = R"({"type": "object", "x": [1,  2]})"},
                   {.name = "now"}};

  const std::string text = write_chat_request("m", request, true);

  EXPECT_THAT(text, testing::HasSubstr(R"("parameters":{"type": "object", "x": [1,  2]}})"));
  const json body = json::parse(text);
  EXPECT_EQ(body["tool_choice"], "auto");
  EXPECT_EQ(body["tools"][0]["type"], "function");
  EXPECT_EQ(body["tools"][0]["function"]["name"], "add");
  EXPECT_EQ(body["tools"][0]["function"]["description"], "Adds \"two\".");
  EXPECT_EQ(body["tools"][1]["function"]["parameters"], json::parse(R"({"type":"object","properties":{}})"));
}

TEST(ChatRequest, SaysNothingOfToolsWhenThereAreNone) {
  const json body = written(saying("hi"));

  EXPECT_FALSE(body.contains("tools"));
  EXPECT_FALSE(body.contains("tool_choice"));
}

TEST(ChatRequest, SendsTheSamplingFieldsThatWereSetAndNoOthers) {
  Request request = saying("hi");
  request.sampling = {.temperature = 0.1, .max_tokens = 7, .seed = -3, .stop = {"END", "\n"}};

  json body = written(request);
  body.erase("messages");

  EXPECT_EQ(body, json::parse(R"({"model":"m","stream":false,"temperature":0.1,"max_tokens":7,"seed":-3,
                                  "stop":["END","\n"]})"));
}

TEST(ChatRequest, SendsAllSamplingFieldsUnderTheirNames) {
  Request request = saying("hi");
  request.sampling = {.temperature = 1,
                      .top_p = 0.5,
                      .presence_penalty = -2,
                      .frequency_penalty = 2,
                      .max_tokens = 1,
                      .max_completion_tokens = 2,
                      .seed = std::numeric_limits<std::int64_t>::max()};

  const json body = written(request);

  EXPECT_EQ(body["top_p"], 0.5);
  EXPECT_EQ(body["presence_penalty"], -2);
  EXPECT_EQ(body["frequency_penalty"], 2);
  EXPECT_EQ(body["max_completion_tokens"], 2);
  EXPECT_EQ(body["seed"], std::numeric_limits<std::int64_t>::max());
}

TEST(ChatRequest, LeavesOutANumberThatJsonCannotSay) {
  Request request = saying("hi");
  request.sampling = {.temperature = std::nan(""), .top_p = std::numeric_limits<double>::infinity()};

  const json body = written(request);

  EXPECT_FALSE(body.contains("temperature"));
  EXPECT_FALSE(body.contains("top_p"));
}

TEST(ChatRequest, AsksForUsageOnlyInAStreamThatMayBeAskedForIt) {
  Request request = saying("hi");
  EXPECT_FALSE(written(request, true).contains("stream_options"));

  request.stream = true;

  EXPECT_EQ(written(request, true)["stream_options"], json::parse(R"({"include_usage":true})"));
  EXPECT_EQ(written(request, true)["stream"], true);
  EXPECT_FALSE(written(request, false).contains("stream_options"));
}

TEST(ChatRequest, SendsImagesAsPartsBehindTheText) {
  Request request = saying("what is it?");
  request.messages[0].images = {"https://x/y.png", "data:image/png;base64,AA=="};

  EXPECT_EQ(written(request)["messages"][0]["content"], json::parse(R"([
    {"type":"text","text":"what is it?"},
    {"type":"image_url","image_url":{"url":"https://x/y.png"}},
    {"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}])"));

  request.messages[0].text.clear();

  EXPECT_EQ(written(request)["messages"][0]["content"].size(), 2U);
}

TEST(ChatRequest, KeepsEveryCharacterOfAText) {
  std::string text = "\"quoted\" back\\slash / tab\t line\r\n end\x7f \xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80";
  for (char c = 0; c < 0x20; ++c) text += c;

  EXPECT_EQ(written(saying(text))["messages"][0]["content"], text);
}

TEST(ChatRequest, ReplacesBytesThatAreNotText) {
  const std::string body = write_chat_request("m",
                                              saying("a\xFF"
                                                     "b\xE2\x82"),
                                              true);

  EXPECT_TRUE(is_utf8(body));
  EXPECT_EQ(json::parse(body)["messages"][0]["content"], "a\uFFFDb\uFFFD\uFFFD");
}

TEST(ChatRequest, WritesCallsWithoutArgumentsAsAnEmptyObject) {
  Request request;
  request.messages = {{.role = Message::Role::assistant, .text = "well", .calls = {{"c1", "now", ""}}}};

  const json message = written(request)["messages"][0];

  EXPECT_EQ(message["content"], "well");
  EXPECT_EQ(message["tool_calls"][0]["function"]["arguments"], "{}");
}

}  // namespace
}  // namespace pais::model
