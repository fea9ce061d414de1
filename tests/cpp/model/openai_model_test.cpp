#include "model/openai_model.h"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <set>
#include <thread>

#include "gmock/gmock.h"

#include "asked_model.h"

namespace pais::model {
namespace {

using test::FakeModel;
using test::Reply;
using test::Signal;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const std::string kUsage = R"({"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2}})";

TEST(OpenAiModel, AsksAtTheAddressOfChatCompletions) {
  for (const char* base : {"http://x:1", "http://x:1/", "http://x:1/v1", "http://x:1/v1//"}) {
    EXPECT_EQ(chat_completions_url(base), "http://x:1/v1/chat/completions") << base;
  }
  EXPECT_EQ(chat_completions_url("http://x/api"), "http://x/api/v1/chat/completions");
  EXPECT_EQ(chat_completions_url("http://x/v1?version=2"), "http://x/v1/chat/completions?version=2");
}

TEST(OpenAiModel, AnswersAPlainRequest) {
  FakeModel server;
  server.next(Reply::json(text_answer("It is 3.")));
  Heard heard;
  Request request = asking("1+2?");
  request.trace = {.traceparent = "00-11111111111111111111111111111111-2222222222222222-01",
                   .tracestate = "vendor=1",
                   .baggage = "session.id=s1"};

  const auto answer = model_at(server)->respond(request, heard, {});

  ASSERT_TRUE(answer) << answer.error().describe();
  EXPECT_EQ(answer->text, "It is 3.");
  EXPECT_EQ(answer->usage.total(), 7);
  EXPECT_EQ(answer->id, "x1");
  EXPECT_EQ(answer->model, "gpt");
  EXPECT_FALSE(answer->first_token);
  EXPECT_THAT(heard.texts, IsEmpty());
  const auto asked = server.asked();
  ASSERT_THAT(asked, SizeIs(1));
  EXPECT_EQ(asked[0].line, "POST /v1/chat/completions HTTP/1.1");
  EXPECT_EQ(asked[0].header("authorization"), "Bearer sk-secret");
  EXPECT_EQ(asked[0].header("content-type"), "application/json");
  EXPECT_EQ(asked[0].header("traceparent"), request.trace.traceparent);
  EXPECT_EQ(asked[0].header("tracestate"), "vendor=1");
  EXPECT_EQ(asked[0].header("baggage"), "") << "it names sessions, and the model may be anybody's";
  EXPECT_EQ(body_of(asked[0])["messages"][0]["content"], "1+2?");
  EXPECT_EQ(body_of(asked[0])["stream"], false);
}

TEST(OpenAiModel, SendsNoKeyAndNoTraceWhereThereIsNone) {
  FakeModel server;
  server.next(Reply::json(text_answer("hi")));
  ModelOptions options = options_for(server.url());
  options.api_key.clear();
  Heard heard;

  ASSERT_TRUE(model_with(options)->respond(asking("?"), heard, {}));

  EXPECT_EQ(server.asked()[0].header("authorization"), "");
  EXPECT_EQ(server.asked()[0].header("traceparent"), "");
}

TEST(OpenAiModel, TellsEachTokenBeforeTheNextIsSent) {
  FakeModel server;
  const auto first_was_heard = std::make_shared<Signal>();
  const auto second_was_heard = std::make_shared<Signal>();
  server.next(Reply::stream()
                  .event(delta_chunk(R"({"role":"assistant","content":""})"))
                  .event(text_chunk("It "))
                  .wait(first_was_heard)
                  .event(text_chunk("is 3."))
                  .wait(second_was_heard)
                  .event(finish_chunk())
                  .event(kUsage)
                  .done());
  Heard heard;
  heard.at_text = [&] { (heard.texts.size() == 1 ? first_was_heard : second_was_heard)->raise(); };

  const auto answer = model_at(server)->respond(asking("1+2?", true), heard, {});

  ASSERT_TRUE(answer) << answer.error().describe();
  EXPECT_THAT(heard.texts, ElementsAre("It ", "is 3."));
  EXPECT_EQ(answer->text, "It is 3.");
  EXPECT_EQ(answer->usage.total(), 7);
  EXPECT_TRUE(answer->first_token);
  EXPECT_EQ(body_of(server.asked()[0])["stream_options"]["include_usage"], true);
}

TEST(OpenAiModel, KeepsItsConnectionAfterAStream) {
  FakeModel server;
  const auto model = model_at(server);
  Heard heard;
  for (int i = 0; i < 5; ++i) {
    server.next(Reply::stream().event(text_chunk("a")).event(finish_chunk()).done());
    ASSERT_TRUE(model->respond(asking("?", true), heard, {}));
    server.next(Reply::json(text_answer("b")));
    ASSERT_TRUE(model->respond(asking("?"), heard, {}));
  }

  EXPECT_EQ(server.connections(), 1);
}

TEST(OpenAiModel, HasItsAnswerWhenTheServerSaysSoThoughTheConnectionStaysOpen) {
  constexpr int kCalls = 20;
  FakeModel server;
  const auto model = model_at(server);
  Heard heard;

  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < kCalls; ++i) {
    server.next(Reply::stream().event(text_chunk("a")).event(finish_chunk()).event("[DONE]").hang());
    const auto answer = model->respond(asking("?", true), heard, {});
    ASSERT_TRUE(answer) << answer.error().describe();
    EXPECT_EQ(answer->text, "a");
  }
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun);

  EXPECT_LT(took, kCalls * std::chrono::milliseconds(250)) << "what the HTTP client may wait for the end of an answer";
  EXPECT_TRUE(server.wait_for_hangup());
  std::printf("%d calls in %lld ms\n", kCalls, static_cast<long long>(took.count()));
}

TEST(OpenAiModel, HasItsAnswerWhenTheServerGivesItsReasonToFinishAndThenOnlySilence) {
  FakeModel server;
  server.next(Reply::stream().event(text_chunk("a")).event(finish_chunk()).hang());
  Heard heard;

  const auto begun = std::chrono::steady_clock::now();
  const auto answer = model_at(server)->respond(asking("?", true), heard, {});

  ASSERT_TRUE(answer) << answer.error().describe();
  EXPECT_EQ(answer->text, "a");
  EXPECT_LT(std::chrono::steady_clock::now() - begun, test::kPatience) << "far from what an idle connection may take";
  EXPECT_TRUE(server.wait_for_hangup());
}

TEST(OpenAiModel, TakesAWholeAnswerWhereItAskedForAStream) {
  FakeModel server;
  server.next(Reply::json(whole_answer(R"({"content":"It is 3.","reasoning":"1 and 2"})")));
  Heard heard;

  const auto answer = model_at(server)->respond(asking("?", true), heard, {});

  ASSERT_TRUE(answer) << answer.error().describe();
  EXPECT_THAT(heard.texts, ElementsAre("It is 3."));
  EXPECT_THAT(heard.thoughts, ElementsAre("1 and 2"));
}

TEST(OpenAiModel, TakesAStreamUnderAnotherNameAndWhereItAskedForNone) {
  FakeModel server;
  server.next(Reply::stream("text/plain").event(text_chunk("a")).done());
  server.next(Reply::stream("").event(text_chunk("b")).done());
  server.next(Reply::stream("Text/Event-Stream; charset=utf-8").event(text_chunk("c")).done());
  const auto model = model_at(server);
  Heard heard;

  EXPECT_EQ(model->respond(asking("?", true), heard, {})->text, "a");
  EXPECT_EQ(model->respond(asking("?", true), heard, {})->text, "b");
  EXPECT_EQ(model->respond(asking("?"), heard, {})->text, "c");

  EXPECT_THAT(heard.texts, ElementsAre("a", "b")) << "who asks for no stream hears no deltas";
}

TEST(OpenAiModel, TakesAnswersThatLackAlmostEverything) {
  FakeModel server;
  server.next(Reply::json(R"({"choices":[{"message":{"content":null}}]})"));
  Heard heard;

  const auto answer = model_at(server)->respond(asking("?"), heard, {});

  ASSERT_TRUE(answer) << answer.error().describe();
  EXPECT_EQ(answer->text, "");
  EXPECT_EQ(answer->model, "gpt");
  EXPECT_EQ(answer->usage.total(), 0);
}

TEST(OpenAiModel, MakesTheIdsOfCallsUniqueWithinTheRun) {
  FakeModel server;
  server.next(Reply::json(whole_answer(R"({"content":null,"tool_calls":[
    {"id":"c1","function":{"name":"a","arguments":""}},{"id":"c1","function":{"name":"b","arguments":{"x":1}}},
    {"id":7,"function":{"name":"c"}},{"function":{"name":"d"}},{"function":{"name":"e"}}]})",
                                       "tool_calls")));
  Request request = asking("?");
  request.messages.push_back({.role = Message::Role::assistant, .calls = {{"7", "old", "{}"}}});
  Heard heard;

  const auto answer = model_at(server)->respond(request, heard, {});

  ASSERT_TRUE(answer) << answer.error().describe();
  std::vector<std::string> calls;
  std::set<std::string> ids = {"7"};
  for (const auto& call : answer->calls) {
    calls.push_back(call.tool + call.arguments);
    EXPECT_NE(call.id, "");
    EXPECT_TRUE(ids.insert(call.id).second) << call.id;
  }
  EXPECT_THAT(calls, ElementsAre("a{}", "b{\"x\":1}", "c{}", "d{}", "e{}"));
  EXPECT_EQ(answer->calls[0].id, "c1");
}

TEST(OpenAiModel, DropsTheWishForUsageWhenTheServerRefusesItAndRemembersThat) {
  FakeModel server;
  server.next(Reply::error(400, "unknown field stream_options"));
  server.next(Reply::stream().event(text_chunk("a")).done());
  server.next(Reply::stream().event(text_chunk("b")).done());
  const auto model = model_at(server);
  Heard heard;

  EXPECT_EQ(model->respond(asking("?", true), heard, {})->text, "a");
  EXPECT_EQ(model->respond(asking("?", true), heard, {})->text, "b");

  const auto asked = server.asked();
  ASSERT_THAT(asked, SizeIs(3));
  EXPECT_TRUE(body_of(asked[0]).contains("stream_options"));
  EXPECT_FALSE(body_of(asked[1]).contains("stream_options"));
  EXPECT_FALSE(body_of(asked[2]).contains("stream_options"));
}

TEST(OpenAiModel, FindsOutByTryingWhetherAnUnclearRefusalMeansTheWishForUsage) {
  FakeModel server;
  server.next(Reply::error(400, "bad request"));
  server.next(Reply::stream().event(text_chunk("a")).done());
  server.next(Reply::stream().event(text_chunk("b")).done());
  const auto model = model_at(server);
  Heard heard;

  EXPECT_EQ(model->respond(asking("?", true), heard, {})->text, "a");
  EXPECT_EQ(model->respond(asking("?", true), heard, {})->text, "b");

  EXPECT_FALSE(body_of(server.asked()[2]).contains("stream_options"));
}

TEST(OpenAiModel, GoesOnWishingForUsageWhenARefusalWasAboutSomethingElse) {
  FakeModel server;
  server.next(Reply::error(400, "too many tokens"));
  server.next(Reply::error(400, "too many tokens"));
  server.next(Reply::stream().event(text_chunk("a")).done());
  server.next(Reply::error(400, "too many tokens"));
  const auto model = model_at(server);
  Heard heard;

  EXPECT_EQ(model->respond(asking("?", true), heard, {}).error().code, Code::model_rejected);
  EXPECT_EQ(model->respond(asking("?", true), heard, {})->text, "a");
  EXPECT_EQ(model->respond(asking("?", true), heard, {}).error().code, Code::model_rejected);

  const auto asked = server.asked();
  ASSERT_THAT(asked, SizeIs(4)) << "a server that is known to take the wish is not asked without it";
  EXPECT_TRUE(body_of(asked[2]).contains("stream_options"));
  EXPECT_TRUE(body_of(asked[3]).contains("stream_options"));
}

TEST(OpenAiModel, ServesManyRunsAtOnce) {
  FakeModel server;
  constexpr int kRuns = 16;
  for (int i = 0; i < kRuns; ++i) server.next(Reply::stream().event(text_chunk("hi")).event(finish_chunk()).done());
  http::Client::Options plain;
  plain.trust_environment = false;
  auto source = make_model_source(options_for(server.url()), std::make_shared<const http::Client>(plain));
  std::atomic<int> good = 0;

  {
    std::vector<std::jthread> runs;
    for (int i = 0; i < kRuns; ++i) {
      runs.emplace_back([&] {
        Heard heard;
        const auto answer = (*source)->for_run()->respond(asking("?", true), heard, {});
        if (answer && answer->text == "hi" && heard.texts.size() == 1) ++good;
      });
    }
  }

  EXPECT_EQ(good, kRuns);
}

TEST(ModelSource, NeedsAScriptOrBothOfUrlAndName) {
  EXPECT_EQ(make_model_source({}, nullptr).error().code, Code::not_configured);
  EXPECT_EQ(make_model_source({.base_url = "http://x"}, nullptr).error().code, Code::not_configured);
  EXPECT_EQ(make_model_source({.model = "m"}, nullptr).error().code, Code::not_configured);
  EXPECT_TRUE(make_model_source({.script = "hi"}, nullptr));
  EXPECT_TRUE(make_model_source({.base_url = "http://x", .model = "m"}, std::make_shared<const http::Client>()));
}

TEST(ModelSource, KnowsTheNamesOfToolCallModes) {
  EXPECT_EQ(tool_call_mode_named("auto"), ToolCallMode::automatic);
  EXPECT_EQ(tool_call_mode_named("Native"), ToolCallMode::native);
  EXPECT_EQ(tool_call_mode_named("STRING"), ToolCallMode::string);
  EXPECT_EQ(tool_call_mode_named("text"), std::nullopt);
}

}  // namespace
}  // namespace pais::model
