#include "model/answer_stream.h"

#include "gmock/gmock.h"

#include "heard.h"

namespace pais::model {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::string events(const std::vector<std::string>& documents) {
  std::string text;
  for (const std::string& document : documents) text += "data: " + document + "\n\n";
  return text;
}

Result<Answer> read(const std::string& bytes, Heard& heard) {
  AnswerStream stream(heard);
  stream.feed(bytes);
  return stream.finish();
}

Result<Answer> read(const std::string& bytes) {
  Heard heard;
  return read(bytes, heard);
}

Result<Answer> read_all(const std::vector<std::string>& documents) {
  return read(events(documents) + "data: [DONE]\n\n");
}

std::string call_delta(const std::string& calls) {
  return delta_chunk(R"({"tool_calls":[)" + calls + "]}");
}

std::vector<std::string> in_words(const Result<Answer>& answer) {
  std::vector<std::string> calls;
  if (!answer) return {answer.error().describe()};
  for (const auto& call : answer->calls) calls.push_back(call.id + " " + call.tool + call.arguments);
  return calls;
}

TEST(AnswerStream, TellsEachPieceAsItComesAndKeepsThemAll) {
  Heard heard;

  const auto answer = read(events({delta_chunk(R"({"role":"assistant","content":""})"), text_chunk("It "),
                                   text_chunk("is 3."), finish_chunk(), "[DONE]"}),
                           heard);

  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->text, "It is 3.");
  EXPECT_EQ(answer->id, "x1");
  EXPECT_EQ(answer->model, "gpt");
  EXPECT_EQ(answer->finish, events::FinishReason::stop);
  EXPECT_THAT(heard.texts, ElementsAre("It ", "is 3."));
}

TEST(AnswerStream, DoesNotCareWhereBytesAreCut) {
  const std::string bytes = events({text_chunk("né"), text_chunk("€"), finish_chunk("length"), "[DONE]"});

  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    Heard heard;
    AnswerStream stream(heard);
    EXPECT_TRUE(stream.feed(std::string_view(bytes).substr(0, cut)));
    EXPECT_FALSE(stream.feed(std::string_view(bytes).substr(cut))) << "nothing of interest follows";
    const auto answer = stream.finish();
    ASSERT_TRUE(answer) << cut;
    EXPECT_EQ(answer->text, "né€");
    EXPECT_EQ(answer->finish, events::FinishReason::length);
  }
}

TEST(AnswerStream, TakesCarriageReturnsCommentsAndUnknownFields) {
  const auto answer = read(": hello\r\n\r\nretry: 5\r\nevent: message\r\ndata: " + text_chunk("hi") +
                           "\r\n\r\n: ping\r\n\r\ndata:" + finish_chunk() + "\r\n\r\ndata: [DONE]\r\n\r\n");

  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->text, "hi");
}

TEST(AnswerStream, ReadsUsageFromTheLastContentChunkOrFromOneOfItsOwn) {
  const std::string usage = R"("usage":{"prompt_tokens":3,"completion_tokens":4})";
  const auto beside = read_all({R"({"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}],)" + usage + "}"});
  const auto apart = read_all({text_chunk("a"), finish_chunk(), R"({"choices":[],)" + usage + "}"});

  ASSERT_TRUE(beside);
  ASSERT_TRUE(apart);
  EXPECT_EQ(beside->usage.total(), 7);
  EXPECT_EQ(apart->usage.total(), 7);
}

TEST(AnswerStream, MapsReasonsToFinish) {
  EXPECT_EQ(read_all({text_chunk("a"), finish_chunk("tool_calls")})->finish, events::FinishReason::stop);
  EXPECT_EQ(read_all({text_chunk("a"), finish_chunk("content_filter")})->finish, events::FinishReason::content_filter);
  EXPECT_EQ(read_all({text_chunk("a")})->finish, events::FinishReason::stop);
}

TEST(AnswerStream, TellsReasoningApartFromText) {
  Heard heard;

  const auto answer = read(events({delta_chunk(R"({"reasoning_content":"let me "})"),
                                   delta_chunk(R"({"reasoning":"see"})"), text_chunk("3"), "[DONE]"}),
                           heard);

  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->thinking, "let me see");
  EXPECT_EQ(answer->text, "3");
  EXPECT_THAT(heard.thoughts, ElementsAre("let me ", "see"));
}

TEST(AnswerStream, JoinsTheArgumentsOfParallelCallsByTheirNumbers) {
  const auto answer =
      read_all({call_delta(R"({"index":0,"id":"a","function":{"name":"add","arguments":""}})"),
                call_delta(R"({"index":1,"id":"b","function":{"name":"now","arguments":"{"}})"),
                call_delta(R"({"index":0,"function":{"arguments":"{\"x\""}})"),
                call_delta(R"({"index":1,"function":{"arguments":"}"}})"),
                call_delta(R"({"index":0,"function":{"arguments":":1}"}})"), finish_chunk("tool_calls")});

  EXPECT_THAT(in_words(answer), ElementsAre("a add{\"x\":1}", "b now{}"));
}

TEST(AnswerStream, TellsCallsApartThatAllHaveTheNumberZero) {
  EXPECT_THAT(in_words(read_all({call_delta(R"({"index":0,"id":"a","function":{"name":"add","arguments":"{}"}})"),
                                 call_delta(R"({"index":0,"id":"b","function":{"name":"add","arguments":"{}"}})")})),
              ElementsAre("a add{}", "b add{}"));
  EXPECT_THAT(in_words(read_all({call_delta(R"({"index":0,"function":{"name":"add","arguments":"{}"}})"),
                                 call_delta(R"({"index":0,"function":{"name":"now","arguments":"{}"}})")})),
              ElementsAre(" add{}", " now{}"));
}

TEST(AnswerStream, JoinsCallsWithoutNumbers) {
  EXPECT_THAT(in_words(read_all({call_delta(R"({"id":"a","function":{"name":"add","arguments":"{\"x\""}})"),
                                 call_delta(R"({"function":{"arguments":":1}"}})"),
                                 call_delta(R"({"id":"b","function":{"name":"now"}})"),
                                 call_delta(R"({"id":"a","function":{"arguments":" "}})")})),
              ElementsAre("a add{\"x\":1} ", "b now{}"));
  EXPECT_THAT(in_words(read_all({call_delta(R"({"function":{"name":"add","arguments":{"x":1}}},)"
                                            R"({"function":{"name":"add","arguments":{"x":2}}})")})),
              ElementsAre(" add{\"x\":1}", " add{\"x\":2}"));
}

TEST(AnswerStream, KeepsANameThatIsRepeatedWithEachDelta) {
  EXPECT_THAT(in_words(read_all({call_delta(R"({"index":0,"id":"a","function":{"name":"add","arguments":"{"}})"),
                                 call_delta(R"({"index":0,"id":"a","function":{"name":"add","arguments":"}"}})")})),
              ElementsAre("a add{}"));
}

TEST(AnswerStream, IsWholeWithoutDoneWhenItGaveAReasonToFinish) {
  const auto answer = read(events({text_chunk("hi"), finish_chunk()}));

  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->text, "hi");
}

TEST(AnswerStream, IsWholeWithoutTheLastBlankLine) {
  EXPECT_TRUE(read("data: " + text_chunk("hi") + "\n\ndata: [DONE]"));
  EXPECT_TRUE(read("data: " + text_chunk("hi") + "\n\ndata: " + finish_chunk()));
}

TEST(AnswerStream, BrokeOffWhenItGaveNeitherDoneNorAReason) {
  for (const std::string& bytes : {events({text_chunk("hi")}), events({}), events({text_chunk("hi")}) + "data: {\"cho",
                                   events({text_chunk("hi")}) + "data: [DO"}) {
    const auto answer = read(bytes);
    ASSERT_FALSE(answer) << bytes;
    EXPECT_EQ(answer.error().code, Code::model_error) << bytes;
  }
}

TEST(AnswerStream, IsNoAnswerWhenTheModelGaveUpOrItsCallsDidNotCome) {
  const auto given_up = read(events({text_chunk("hi"), finish_chunk("error"), "[DONE]"}));
  const auto announced = read(events({text_chunk(""), finish_chunk("tool_calls"), "[DONE]"}));

  ASSERT_FALSE(given_up);
  EXPECT_EQ(given_up.error().code, Code::model_error);
  ASSERT_FALSE(announced);
  EXPECT_EQ(announced.error().code, Code::model_bad_response);
  EXPECT_TRUE(read(events({text_chunk("hi"), finish_chunk("tool_calls"), "[DONE]"}))) << "in words, perhaps";
}

TEST(AnswerStream, IsWholeThoughUsageWasCutOff) {
  EXPECT_TRUE(read(events({text_chunk("hi"), finish_chunk()}) + R"(data: {"choices":[],"us)"));
}

TEST(AnswerStream, RefusesAWholeEventThatIsNotJson) {
  for (const char* document : {R"({"choices":[{"delta":{"content":"ha)", "<html>", "5 6", "{}}"}) {
    const auto answer = read(events({text_chunk("hi"), document, finish_chunk(), "[DONE]"}));
    ASSERT_FALSE(answer) << document;
    EXPECT_EQ(answer.error().code, Code::model_bad_response) << document;
  }
}

TEST(AnswerStream, RefusesAStreamWithoutAnyChoice) {
  const auto answer = read_all({R"({"choices":[]})", "{}"});

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::model_bad_response);
}

TEST(AnswerStream, FailsWithTheErrorInTheStream) {
  Heard heard;
  AnswerStream stream(heard);

  EXPECT_FALSE(stream.feed(events({text_chunk("hi"), R"({"error":{"message":"no memory","code":500}})"})));

  const auto answer = stream.finish();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::model_error);
  EXPECT_THAT(answer.error().cause, testing::HasSubstr("no memory"));
  EXPECT_THAT(heard.texts, ElementsAre("hi"));
}

TEST(AnswerStream, NamesErrorsInTheStreamByTheirStatus) {
  EXPECT_EQ(read_all({R"({"error":{"message":"slow","code":429}})"}).error().code, Code::model_rate_limited);
  EXPECT_EQ(read_all({R"({"error":{"message":"bad","code":400}})"}).error().code, Code::model_rejected);
  EXPECT_EQ(read_all({R"({"error":"bad"})"}).error().code, Code::model_error);
  EXPECT_EQ(read("event: error\ndata: {\"detail\":\"bad\"}\n\n").error().code, Code::model_error);
  EXPECT_EQ(read("data: {\"error\":{\"message\":\"slow\",\"code\":429}}\n").error().code, Code::model_rate_limited);
}

TEST(AnswerStream, RefusesACallWithoutAName) {
  const auto answer = read_all({call_delta(R"({"index":0,"id":"a","function":{"arguments":"{}"}})")});

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::model_bad_response);
}

TEST(AnswerStream, GivesCallsWithoutArgumentsAnEmptyObject) {
  EXPECT_THAT(in_words(read_all({call_delta(R"({"index":0,"id":"a","function":{"name":"now","arguments":"  "}})")})),
              ElementsAre("a now{}"));
}

TEST(AnswerStream, RefusesMoreCallsThanAnAnswerMayHave) {
  std::vector<std::string> documents;
  for (std::size_t i = 0; i <= kMaxCalls; ++i) {
    documents.push_back(call_delta(R"({"index":)" + std::to_string(i) + R"(,"function":{"name":"f"}})"));
  }
  const std::vector<std::string> as_many_as_allowed(documents.begin(), documents.end() - 1);

  EXPECT_THAT(read_all(as_many_as_allowed)->calls, SizeIs(kMaxCalls));
  EXPECT_EQ(read_all(documents).error().code, Code::model_bad_response);
}

TEST(AnswerStream, RefusesArgumentsThatGrowWithoutEnd) {
  const std::string piece(kMaxArgumentBytes / 2, 'x');
  const std::string document = call_delta(R"({"index":0,"function":{"name":"f","arguments":")" + piece + R"("}})");

  EXPECT_TRUE(read_all({document, document}));
  EXPECT_EQ(read_all({document, document, call_delta(R"({"index":0,"function":{"arguments":"x"}})")}).error().code,
            Code::model_bad_response);
}

TEST(AnswerStream, RefusesAnAnswerThatGrowsWithoutEnd) {
  const std::string document = text_chunk(std::string(kMaxAnswerBytes / 4, 'x'));
  Heard heard;
  AnswerStream stream(heard);
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(stream.feed(events({document})));

  EXPECT_FALSE(stream.feed(events({text_chunk("x")})));

  EXPECT_EQ(stream.finish().error().code, Code::model_bad_response);
}

TEST(AnswerStream, RefusesAnEventThatGrowsWithoutEnd) {
  Heard heard;
  AnswerStream stream(heard);
  const std::string piece(kMaxAnswerBytes / 2, 'x');
  ASSERT_TRUE(stream.feed("data: " + piece));

  EXPECT_FALSE(stream.feed(piece + piece));

  EXPECT_EQ(stream.finish().error().code, Code::model_bad_response);
}

TEST(AnswerStream, SkipsWhatFollowsDone) {
  Heard heard;
  AnswerStream stream(heard);

  EXPECT_FALSE(stream.feed(events({text_chunk("hi"), "[DONE]", text_chunk("more"), "<html>"})));
  EXPECT_FALSE(stream.feed("rubbish"));

  EXPECT_EQ(stream.finish()->text, "hi");
  EXPECT_THAT(heard.texts, ElementsAre("hi"));
}

TEST(AnswerStream, KnowsWhenTheFirstTokenCame) {
  Heard heard;
  AnswerStream stream(heard);
  stream.feed(events({delta_chunk(R"({"role":"assistant","content":""})")}));
  EXPECT_FALSE(stream.first_token_at());

  stream.feed(events({text_chunk("hi")}));

  EXPECT_TRUE(stream.first_token_at());
}

}  // namespace
}  // namespace pais::model
