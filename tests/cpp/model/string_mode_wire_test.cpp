#include "gmock/gmock.h"

#include "asked_model.h"

namespace pais::model {
namespace {

using test::FakeModel;
using test::Reply;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::string kCall = R"({\"name\":\"add\",\"arguments\":{\"a\":1}})";

Request offering(bool stream = false) {
  Request request = asking("1+2?", stream);
  request.tools = {{.name = "add", .description = "Adds."}};
  return request;
}

class StringMode : public testing::Test {
 protected:
  Result<Answer> ask(const Request& request, ToolCallMode mode = ToolCallMode::string) {
    if (!model_) {
      ModelOptions options = options_for(server_.url());
      options.mode = mode;
      model_ = model_with(options);
    }
    return model_->respond(request, heard_, {});
  }

  bool offers_natively(std::size_t request) const { return body_of(server_.asked().at(request)).contains("tools"); }

  FakeModel server_;
  Heard heard_;
  std::unique_ptr<Model> model_;
};

TEST_F(StringMode, DescribesToolsInWordsAndReadsCallsFromTheText) {
  server_.next(Reply::json(text_answer(kCall)));

  const auto answer = ask(offering());

  ASSERT_TRUE(answer) << answer.error().describe();
  ASSERT_THAT(answer->calls, SizeIs(1));
  EXPECT_EQ(answer->calls[0].id, "string_add_1");
  EXPECT_EQ(answer->calls[0].tool, "add");
  EXPECT_EQ(answer->calls[0].arguments, R"({"a":1})");
  EXPECT_EQ(answer->text, "");
  const auto body = body_of(server_.asked()[0]);
  EXPECT_FALSE(body.contains("tools"));
  EXPECT_FALSE(body.contains("tool_choice"));
  EXPECT_THAT(body["messages"][0]["content"].get<std::string>(), HasSubstr("Available tools:\n- add: Adds."));
}

TEST_F(StringMode, ReadsNoCallsWhenNoToolsWereOffered) {
  server_.next(Reply::json(text_answer(kCall)));

  const auto answer = ask(asking("show me JSON"));

  ASSERT_TRUE(answer);
  EXPECT_THAT(answer->calls, IsEmpty());
  EXPECT_EQ(answer->text, R"({"name":"add","arguments":{"a":1}})");
  EXPECT_THAT(body_of(server_.asked()[0])["messages"], SizeIs(1));
}

TEST_F(StringMode, DescribesOtherToolsWhenTheyChange) {
  server_.next(Reply::json(text_answer("hi")));
  server_.next(Reply::json(text_answer("hi")));
  ASSERT_TRUE(ask(offering()));
  Request request = offering();
  request.tools = {{.name = "now", .description = "The time."}};

  ASSERT_TRUE(ask(request));

  const auto prompt = body_of(server_.asked()[1])["messages"][0]["content"].get<std::string>();
  EXPECT_THAT(prompt, HasSubstr("- now: The time."));
  EXPECT_THAT(prompt, testing::Not(HasSubstr("- add")));
}

TEST_F(StringMode, StreamsWordsAsTheyCome) {
  server_.next(Reply::stream().event(text_chunk("It ")).event(text_chunk("is 3.")).done());

  const auto answer = ask(offering(true));

  ASSERT_TRUE(answer);
  EXPECT_THAT(heard_.texts, ElementsAre("It ", "is 3."));
  EXPECT_EQ(answer->text, "It is 3.");
}

TEST_F(StringMode, TellsNobodyOfAStreamedCall) {
  server_.next(Reply::stream()
                   .event(text_chunk("{\\\"name\\\":\\\"add\\\","))
                   .event(text_chunk("\\\"arguments\\\":{}}"))
                   .done());

  const auto answer = ask(offering(true));

  ASSERT_TRUE(answer) << answer.error().describe();
  EXPECT_THAT(answer->calls, SizeIs(1));
  EXPECT_THAT(heard_.texts, IsEmpty());
}

TEST_F(StringMode, TellsInOnePieceWhatMightHaveBeenACallAndIsNone) {
  server_.next(Reply::stream().event(text_chunk("[1,")).event(text_chunk(" 2]")).done());

  const auto answer = ask(offering(true));

  ASSERT_TRUE(answer);
  EXPECT_THAT(heard_.texts, ElementsAre("[1, 2]"));
  EXPECT_EQ(answer->text, "[1, 2]");
}

TEST_F(StringMode, TakesCallsOfAServerThatKnowsToolsAfterAll) {
  server_.next(Reply::json(whole_answer(R"({"content":null,"tool_calls":[{"id":"c1","function":{"name":"add"}}]})")));

  const auto answer = ask(offering());

  ASSERT_TRUE(answer);
  ASSERT_THAT(answer->calls, SizeIs(1));
  EXPECT_EQ(answer->calls[0].id, "c1");
}

TEST_F(StringMode, AsksAgainLikeAnyMode) {
  server_.next(Reply::error(503, "later"));
  server_.next(Reply::stream().event(text_chunk("{\\\"name\\\":")).reset());
  server_.next(Reply::json(text_answer(kCall)));

  EXPECT_THAT(ask(offering(true))->calls, SizeIs(1));
}

TEST_F(StringMode, BeginsWhenTheServerRefusesTools) {
  server_.next(Reply::error(400, "gemma:2b does not support tools"));
  server_.next(Reply::json(text_answer(kCall)));
  server_.next(Reply::json(text_answer("It is 3.")));

  const auto answer = ask(offering(), ToolCallMode::automatic);
  ASSERT_TRUE(answer) << answer.error().describe();
  EXPECT_THAT(answer->calls, SizeIs(1));
  EXPECT_TRUE(ask(offering()));

  EXPECT_TRUE(offers_natively(0));
  EXPECT_FALSE(offers_natively(1));
  EXPECT_FALSE(offers_natively(2)) << "for this process, not for this call";
}

TEST_F(StringMode, BeginsWithEachWordingOfARefusal) {
  const std::vector<std::pair<int, std::string>> refusals = {
      {400, "'auto' tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set"},
      {400, "Unrecognized request argument supplied: tools"},
      {404, "No endpoints found that support tool use"},
      {501, "tools"},
      {400, "function calling is not supported"}};
  for (const auto& [status, text] : refusals) {
    model_.reset();
    server_.next(Reply::error(status, text));
    server_.next(Reply::json(text_answer(kCall)));
    EXPECT_TRUE(ask(offering(), ToolCallMode::automatic)) << text;
  }
}

TEST_F(StringMode, DoesNotBeginForOtherRefusals) {
  const std::vector<std::pair<int, std::string>> refusals = {
      {400, "maximum context length is 4096 tokens"},
      {400, "messages with role 'tool' must be a response to a message with 'tool_calls'"},
      {400, "Invalid schema for function 'add': tools[0] requires an object"},
      {404, "model gpt is not supported"},
      {403, "tools are not supported"},
      {422, "tools are not supported"}};
  for (const auto& [status, text] : refusals) {
    model_.reset();
    server_.next(Reply::error(status, text));
    const auto answer = ask(offering(), ToolCallMode::automatic);
    ASSERT_FALSE(answer) << text;
    EXPECT_EQ(answer.error().code, Code::model_rejected) << text;
  }
}

TEST_F(StringMode, DoesNotBeginWhereNoToolsWereOffered) {
  server_.next(Reply::error(400, "tools are not supported"));

  EXPECT_EQ(ask(asking("?"), ToolCallMode::automatic).error().code, Code::model_rejected);
}

TEST_F(StringMode, DoesNotBeginWithAServerThatHasTakenTools) {
  server_.next(Reply::json(text_answer("hi")));
  server_.next(Reply::error(400, "tools are not supported"));
  ASSERT_TRUE(ask(offering(), ToolCallMode::automatic));

  EXPECT_EQ(ask(offering()).error().code, Code::model_rejected);
}

TEST_F(StringMode, NeverBeginsInNativeMode) {
  server_.next(Reply::error(400, "tools are not supported"));

  EXPECT_EQ(ask(offering(), ToolCallMode::native).error().code, Code::model_rejected);
}

TEST_F(StringMode, BeginsForAStreamWhoseUsageIsRefusedAsWell) {
  server_.next(Reply::error(400, "stream_options is not supported"));
  server_.next(Reply::error(400, "tools are not supported"));
  server_.next(Reply::stream().event(text_chunk("hi")).done());

  const auto answer = ask(offering(true), ToolCallMode::automatic);

  ASSERT_TRUE(answer) << answer.error().describe();
  EXPECT_FALSE(body_of(server_.asked()[2]).contains("stream_options"));
  EXPECT_FALSE(offers_natively(2));
}

}  // namespace
}  // namespace pais::model
