#include <string>

#include "gtest/gtest.h"

#include "fake_model/answers.h"
#include "fake_model/requests.h"
#include "wire/token_mark.h"

namespace pais::bench {
namespace {

TEST(TokenMark, IsReadBackFromTheMiddleOfAText) {
  std::string text = "a ~ and a ~7 and then ";
  const TokenMark mark{.index = 17, .sent = MonotonicTime{std::chrono::nanoseconds{81'234'567'890'123}}};
  append_mark(text, mark);
  text += " rest";

  std::string_view left = text;
  const auto read = take_mark(left);

  ASSERT_TRUE(read);
  EXPECT_EQ(read->index, mark.index);
  EXPECT_EQ(read->sent, mark.sent);
  EXPECT_EQ(left, " rest");
}

TEST(TokenMark, IsNotSeenWhereThereIsNone) {
  for (std::string_view text : {"", "~", "~1@", "~1@2", "~x@2~", "~1~2~"}) {
    EXPECT_FALSE(take_mark(text)) << text;
  }
}

TEST(FakeModelRequests, AreWholeOnlyWithTheirBody) {
  const std::string request = "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\ncontent-length:  4\r\n\r\nbody";

  const std::string pipelined = request + "GET / HTTP/1.1";

  const auto part = first_request(std::string_view(request).substr(0, request.size() - 1));
  const auto whole = first_request(pipelined);

  EXPECT_FALSE(part);
  ASSERT_TRUE(whole);
  EXPECT_TRUE(whole->asks_for_chat());
  EXPECT_EQ(whole->body, "body");
  EXPECT_EQ(whole->size, request.size());
}

TEST(FakeModelRequests, AreStreamedOnlyWhenTheMemberSaysSo) {
  EXPECT_TRUE(read_chat(R"({"stream":true})").stream);
  EXPECT_TRUE(read_chat(R"({"stream" : true,"messages":[]})").stream);
  EXPECT_FALSE(read_chat(R"({"stream":false})").stream);
  EXPECT_FALSE(read_chat(R"({"messages":[{"content":"\"stream\":true"}]})").stream);
}

TEST(FakeModelRequests, TellHowManyToolsHaveAnswered) {
  const auto asked = read_chat(R"({"messages":[{"role":"user"},{"role": "tool"},{"role":"tool"}]})");

  EXPECT_EQ(asked.tool_results, 2U);
}

TEST(FakeModelAnswers, CallTheToolUntilItHasAnsweredOftenEnough) {
  const Answers answers({.tool_calls = 2});

  EXPECT_TRUE(answers.calls_tool({.tool_results = 1}));
  EXPECT_FALSE(answers.calls_tool({.tool_results = 2}));
}

}  // namespace
}  // namespace pais::bench
