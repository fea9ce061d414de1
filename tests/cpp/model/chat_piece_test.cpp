#include "model/chat_piece.h"

#include "gmock/gmock.h"

namespace pais::model {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

ChatPiece piece_of(std::string_view text) {
  ChatPiece piece;
  const auto read = read_chat_piece(text, piece);
  EXPECT_TRUE(read) << (read ? "" : read.error().describe());
  return piece;
}

bool is_refused(std::string_view text) {
  ChatPiece piece;
  const auto read = read_chat_piece(text, piece);
  return !read && read.error().code == Code::malformed;
}

TEST(ChatPiece, ReadsAWholeAnswer) {
  const ChatPiece piece = piece_of(R"({"id":"x1","object":"chat.completion","created":1,"model":"gpt","choices":[
    {"index":0,"message":{"role":"assistant","content":"Hi é","refusal":null},"logprobs":null,"finish_reason":"stop"}],
    "usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7,"prompt_tokens_details":{"cached_tokens":4}}})");

  EXPECT_EQ(piece.id, "x1");
  EXPECT_EQ(piece.model, "gpt");
  EXPECT_TRUE(piece.has_choice);
  EXPECT_EQ(piece.text, "Hi é");
  EXPECT_EQ(piece.finish_reason, "stop");
  ASSERT_TRUE(piece.usage);
  EXPECT_EQ(piece.usage->input_tokens, 5);
  EXPECT_EQ(piece.usage->output_tokens, 2);
  EXPECT_EQ(piece.usage->cached_tokens, 4);
  EXPECT_FALSE(piece.error);
}

TEST(ChatPiece, ReadsADeltaLikeAMessage) {
  const ChatPiece piece = piece_of(R"({"choices":[{"delta":{"content":"to"},"finish_reason":null}],"usage":null})");

  EXPECT_TRUE(piece.has_choice);
  EXPECT_EQ(piece.text, "to");
  EXPECT_EQ(piece.finish_reason, "");
  EXPECT_FALSE(piece.usage);
}

TEST(ChatPiece, RefusesWhatIsNoWordsAndNoCalls) {
  for (const char* const message :
       {R"({"content":5})", R"({"content":true})", R"({"content":{"a":1}})", R"({"tool_calls":{"id":"c"}})",
        R"({"tool_calls":"none"})", R"({"tool_calls":1})"}) {
    EXPECT_TRUE(is_refused(std::string(R"({"choices":[{"message":)") + message + "}]}")) << message;
  }
  EXPECT_FALSE(is_refused(R"({"choices":[{"message":{"content":null,"tool_calls":null}}]})"));
}

TEST(ChatPiece, TellsWhetherAChoiceHasAMessage) {
  EXPECT_TRUE(piece_of(R"({"choices":[{"message":{}}]})").has_message);
  EXPECT_FALSE(piece_of(R"({"choices":[{}]})").has_message);
  EXPECT_FALSE(piece_of(R"({"choices":[{"message":null}]})").has_message);
}

TEST(ChatPiece, ARefusalIsWhatTheModelSays) {
  EXPECT_EQ(piece_of(R"({"choices":[{"message":{"content":null,"refusal":"I will not"}}]})").text, "I will not");
}

TEST(ChatPiece, TakesTheFirstOfSeveralChoices) {
  const char* const first = R"({"index":0,"message":{"content":"first"}})";
  const char* const second = R"({"message":{"content":"second","tool_calls":[{"id":"c"}]},"index":1})";

  EXPECT_EQ(piece_of(std::string(R"({"choices":[)") + first + "," + second + "]}").text, "first");
  const ChatPiece turned = piece_of(std::string(R"({"choices":[)") + second + "," + first + "]}");
  EXPECT_EQ(turned.text, "first");
  EXPECT_THAT(turned.calls, IsEmpty());
  EXPECT_FALSE(piece_of(std::string(R"({"choices":[)") + second + "]}").has_choice);
  EXPECT_EQ(piece_of(R"({"choices":[{"message":{"content":"a"}},{"message":{"content":"b"}}]})").text, "a");
}

TEST(ChatPiece, ReadsContentInParts) {
  const ChatPiece piece = piece_of(R"({"choices":[{"message":{"content":[
    {"type":"text","text":"one "},{"text":"three","type":"image_url"},"two",{"text":" four"}]}}]})");

  EXPECT_EQ(piece.text, "one two four");
}

TEST(ChatPiece, TakesNullContentForNone) {
  EXPECT_EQ(piece_of(R"({"choices":[{"message":{"content":null}}]})").text, "");
}

TEST(ChatPiece, ReadsReasoningUnderEitherNameOnce) {
  EXPECT_EQ(piece_of(R"({"choices":[{"delta":{"reasoning_content":"hm"}}]})").thinking, "hm");
  EXPECT_EQ(piece_of(R"({"choices":[{"delta":{"reasoning":"hm"}}]})").thinking, "hm");
  EXPECT_EQ(piece_of(R"({"choices":[{"delta":{"reasoning":"hm","reasoning_content":"hm"}}]})").thinking, "hm");
}

TEST(ChatPiece, ReadsToolCallsInAllTheirShapes) {
  const ChatPiece piece = piece_of(R"({"choices":[{"message":{"tool_calls":[
    {"index":0,"id":"c1","type":"function","function":{"name":"add","arguments":"{\"a\":1}"}},
    {"id":42,"function":{"arguments":{"a":1,"b":[true,null,-2,3.50,"x\"y",{}],"c":{"d":{}}},"name":"add"}},
    {"id":null,"function":{"name":"now","arguments":null}},
    {"name":"flat","arguments":7}]}}]})");

  ASSERT_THAT(piece.calls, SizeIs(4));
  EXPECT_EQ(piece.calls[0].index, 0);
  EXPECT_EQ(piece.calls[0].id, "c1");
  EXPECT_EQ(piece.calls[0].name, "add");
  EXPECT_EQ(piece.calls[0].arguments, R"({"a":1})");
  EXPECT_EQ(piece.calls[1].id, "42");
  EXPECT_EQ(piece.calls[1].name, "add");
  EXPECT_EQ(piece.calls[1].arguments, R"({"a":1,"b":[true,null,-2,3.50,"x\"y",{}],"c":{"d":{}}})");
  EXPECT_EQ(piece.calls[2].id, "");
  EXPECT_EQ(piece.calls[2].arguments, "");
  EXPECT_EQ(piece.calls[3].name, "flat");
  EXPECT_EQ(piece.calls[3].arguments, "7");
}

TEST(ChatPiece, FindsNothingWhereMembersHaveOtherTypes) {
  const ChatPiece piece = piece_of(R"({"id":{"id":"a"},"model":["m"],"choices":[{"index":"0","message":{"content":null,
    "tool_calls":null,"reasoning":{"text":"r"}},"finish_reason":{"x":"length"}},5,"x",null,[]],
    "usage":[{"prompt_tokens":5}],"error":null})");

  EXPECT_EQ(piece.id, "");
  EXPECT_EQ(piece.model, "");
  EXPECT_TRUE(piece.has_choice);
  EXPECT_EQ(piece.text, "");
  EXPECT_EQ(piece.thinking, "");
  EXPECT_THAT(piece.calls, IsEmpty());
  EXPECT_FALSE(piece.usage);
  EXPECT_FALSE(piece.error);
}

TEST(ChatPiece, ReadsErrorsInAllTheirShapes) {
  EXPECT_EQ(piece_of(R"({"error":"out of memory"})").error->message, "out of memory");
  EXPECT_EQ(piece_of(R"({"error":{"message":"slow down","code":429}})").error->status, 429);
  EXPECT_EQ(piece_of(R"({"error":{"message":"no","code":"x"}})").error->status, std::nullopt);
  const ChatPiece flat = piece_of(R"({"code":400,"message":"bad","object":"error"})");
  ASSERT_TRUE(flat.error);
  EXPECT_EQ(flat.error->message, "bad");
  EXPECT_EQ(flat.error->status, 400);
  EXPECT_TRUE(piece_of(R"({"error":{}})").error);
  EXPECT_FALSE(piece_of(R"({"error":{},"choices":[{"message":{"content":"fine"}}]})").error);
}

TEST(ChatPiece, ClampsNumbersThatAreNone) {
  const auto usage = piece_of(R"({"usage":{"prompt_tokens":-5,"completion_tokens":1e300}})").usage;

  ASSERT_TRUE(usage);
  EXPECT_EQ(usage->input_tokens, 0);
  EXPECT_GT(usage->output_tokens, 0);
  EXPECT_GT(piece_of(R"({"usage":{"prompt_tokens":18446744073709551615}})").usage->input_tokens, 0);
  EXPECT_EQ(piece_of(R"({"usage":{"prompt_tokens":5.0}})").usage->input_tokens, 5);
}

TEST(ChatPiece, RefusesWhatIsNotJson) {
  EXPECT_TRUE(is_refused(""));
  EXPECT_TRUE(is_refused("<html><body>It works!</body></html>"));
  EXPECT_TRUE(is_refused(R"({"choices":[{"delta":{"content":"ha)"));
  EXPECT_TRUE(is_refused(R"({"choices":[]} {})"));
  EXPECT_TRUE(is_refused("{\"id\":\"\xFF\"}"));
  EXPECT_TRUE(is_refused(std::string_view("{}\0 more", 8)));
  EXPECT_TRUE(is_refused(R"({"usage":{"prompt_tokens":1e999}})"));
}

TEST(ChatPiece, RefusesNestingWithoutEnd) {
  const std::string deep(100'000, '[');

  EXPECT_TRUE(is_refused(deep));
  EXPECT_TRUE(is_refused(R"({"choices":[{"message":{"tool_calls":[{"function":{"arguments":)" + deep));
}

TEST(ChatPiece, IsReadAnewEachTime) {
  ChatPiece piece;
  ASSERT_TRUE(read_chat_piece(R"({"id":"a","choices":[{"delta":{"content":"x","reasoning":"y",
    "tool_calls":[{"id":"c"}]},"finish_reason":"stop"}],"usage":{"prompt_tokens":1},"error":"e"})",
                              piece));

  ASSERT_TRUE(read_chat_piece("{}", piece));

  EXPECT_EQ(piece.id + piece.text + piece.thinking + piece.finish_reason, "");
  EXPECT_FALSE(piece.has_choice);
  EXPECT_THAT(piece.calls, IsEmpty());
  EXPECT_FALSE(piece.usage);
  EXPECT_FALSE(piece.error);
}

}  // namespace
}  // namespace pais::model
