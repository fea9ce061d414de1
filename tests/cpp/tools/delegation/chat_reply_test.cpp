#include "tools/delegation/chat_reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <vector>

namespace pais::tools::delegation {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::SizeIs;

TEST(ReadReply, TakesTheTextAndWhatItCost) {
  const auto reply =
      read_reply(R"({"choices":[{"message":{"role":"assistant","content":"done"}}],"usage":{"prompt_tokens":5,)"
                 R"("completion_tokens":2,"prompt_tokens_details":{"cached_tokens":1},)"
                 R"("delegations":{"prompt_tokens":10,"completion_tokens":20,"total_tokens":30}}})");

  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->text, "done");
  EXPECT_EQ(reply->usage.input_tokens, 15);
  EXPECT_EQ(reply->usage.output_tokens, 22);
  EXPECT_EQ(reply->usage.cached_tokens, 1);
}

TEST(ReadReply, RefusesWhatIsNoAnswer) {
  for (const char* body : {"", "<html>", "[]", "{}", R"({"choices":[]})", R"({"choices":[null]})",
                           R"({"choices":[{"message":{"content":null}}]})", R"({"choices":{"0":1}})"}) {
    EXPECT_FALSE(read_reply(body)) << body;
  }
}

TEST(ReadReply, TakesNumbersThatMakeNoSenseForNone) {
  const auto reply =
      read_reply(R"({"choices":[{"message":{"content":"x"}}],"usage":{"prompt_tokens":-5,"completion_tokens":"2"}})");

  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->usage.total(), 0);
}

TEST(ReadUsage, TakesWhatAFailureCost) {
  EXPECT_EQ(
      read_usage(R"({"error":{"code":"budget_exceeded"},"usage":{"prompt_tokens":5,"completion_tokens":2}})").total(),
      7);
  for (const char* body : {"", "<html>", "[]", R"({"error":{}})", R"({"usage":7})"}) {
    EXPECT_EQ(read_usage(body).total(), 0) << body;
  }
}

class ReplyStreamTest : public testing::Test {
 protected:
  void say(const std::string& text) { feed(R"({"choices":[{"index":0,"delta":{"content":")" + text + R"("}}]})"); }
  void feed(const std::string& data, const std::string& event = "") {
    stream_.feed((event.empty() ? "" : "event: " + event + "\n") + "data: " + data + "\n\n");
  }

  std::vector<std::string> targets_;
  std::vector<std::optional<events::Advance>> advances_;
  ReplyStream stream_{[this](const events::DelegationProgressed& progress) {
    targets_.push_back(progress.target);
    advances_.push_back(progress.so_far);
  }};
};

TEST_F(ReplyStreamTest, JoinsWhatIsSaid) {
  say("It is");
  say(" 3.");
  feed("[DONE]");

  const auto reply = stream_.finish();

  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->text, "It is 3.");
}

TEST_F(ReplyStreamTest, TellsOfProgressAndForgetsWhatWasSaidBeforeIt) {
  say("Let me see.");
  feed(R"({"type":"progress","step":1,"max_steps":5,"action":"tool_call","target":"add"})", "progress");
  say("\\n\\n");
  say("It is 3.");
  feed(R"({"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}})");
  feed("[DONE]");

  const auto reply = stream_.finish();

  ASSERT_TRUE(reply);
  EXPECT_THAT(targets_, ElementsAre("add"));
  EXPECT_EQ(reply->text, "It is 3.");
  EXPECT_EQ(reply->usage.total(), 3);
}

TEST_F(ReplyStreamTest, TellsHowFarToolsHaveCome) {
  const std::string asked = R"({"type":"progress","step":1,"max_steps":5,"action":"tool_call","target":"add")";
  feed(asked + "}", "progress");
  feed(asked + R"(,"fraction":0.5,"message":"half"})", "progress");
  feed(asked + R"(,"fraction":null,"message":""})", "progress");
  feed(asked + R"(,"fraction":7,"message":3})", "progress");

  EXPECT_THAT(targets_, Each("add"));
  ASSERT_THAT(advances_, SizeIs(4));
  EXPECT_FALSE(advances_[0]);
  ASSERT_TRUE(advances_[1] && advances_[2] && advances_[3]);
  EXPECT_EQ(advances_[1]->fraction, 0.5);
  EXPECT_EQ(advances_[1]->message, "half");
  EXPECT_EQ(advances_[2]->fraction, std::nullopt);
  EXPECT_EQ(advances_[3]->fraction, 1.0);
}

TEST_F(ReplyStreamTest, KeepsAnAnswerThatBeginsWithABlankLine) {
  say("\\n\\nindented");
  feed("[DONE]");

  EXPECT_EQ(stream_.finish()->text, "\n\nindented");
}

TEST_F(ReplyStreamTest, KnowsTheStatusOfAFailureWithinTheStream) {
  say("It is");
  feed(R"({"error":{"message":"The model did not answer in time.","code":"model_timeout"}})");

  EXPECT_EQ(stream_.failed_status(), 504);
}

TEST_F(ReplyStreamTest, TakesWhatAFailureCost) {
  feed(R"({"error":{"code":"budget_exceeded"},"usage":{"prompt_tokens":5,"completion_tokens":2}})");

  EXPECT_TRUE(stream_.failed_status());
  EXPECT_EQ(stream_.usage().total(), 7);
}

TEST_F(ReplyStreamTest, TellsOfNoMoreProgressThanACallMayHave) {
  for (int i = 0; i <= ReplyStream::kMostProgress; ++i) {
    feed(R"({"type":"progress","step":1,"max_steps":5,"action":"tool_call","target":"add"})", "progress");
  }
  say("It is 3.");
  feed("[DONE]");

  EXPECT_THAT(targets_, SizeIs(ReplyStream::kMostProgress));
  EXPECT_EQ(stream_.finish()->text, "It is 3.");
}

TEST_F(ReplyStreamTest, IsNoAnswerWhenItBreaksOff) {
  say("It is");

  EXPECT_FALSE(stream_.finish());
}

TEST_F(ReplyStreamTest, IsNoAnswerWhenItIsGarbage) {
  feed("<html>");
  feed("[DONE]");

  EXPECT_FALSE(stream_.finish());
}

}  // namespace
}  // namespace pais::tools::delegation
