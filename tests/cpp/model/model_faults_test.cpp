// Each thing that can go wrong with a model's server, over a real socket.
#include <thread>

#include "gmock/gmock.h"

#include "asked_model.h"
#include "base/circuit.h"
#include "base/utf8.h"
#include "model/answer_builder.h"
#include "support/full_listener.h"

namespace pais::model {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using test::FakeModel;
using test::Reply;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class ModelFaults : public testing::Test {
 protected:
  Result<Answer> ask(bool stream = false) { return ask(asking("?", stream)); }
  Result<Answer> ask(const Request& request) {
    if (!model_) model_ = model_with(options_);
    return model_->respond(request, heard_, stop_.get_token());
  }

  // The error of a call that must not come to an answer.
  static Error error_of(const Result<Answer>& answer) {
    return answer ? Error{.cause = "an answer came"} : answer.error();
  }

  FakeModel server_;
  ModelOptions options_ = options_for(server_.url());
  Heard heard_;
  std::stop_source stop_;
  std::unique_ptr<Model> model_;
};

TEST_F(ModelFaults, ServerThatIsNotThere) {
  {
    test::RawServer gone([](test::RawPeer&) {});
    options_.base_url = gone.url("");
  }

  const Error error = error_of(ask());

  EXPECT_EQ(error.code, Code::model_unreachable);
  EXPECT_EQ(error.upstream_status, std::nullopt);
  EXPECT_THAT(error.describe(), HasSubstr("asking the model gpt"));
}

TEST_F(ModelFaults, ServerThatTakesNoConnections) {
  const test::FullListener full;
  options_.base_url = "http://127.0.0.1:" + std::to_string(full.port());
  options_.timeouts.connect = milliseconds(50);

  const Error error = error_of(ask());

  EXPECT_EQ(error.code, Code::model_unreachable);
  EXPECT_THAT(error.describe(), HasSubstr("connecting: the time was up")) << "which is not being refused";
}

// The limits of reading are no measure of whether there was a connection.
TEST_F(ModelFaults, ServerThatTakesNoConnectionsIsUnreachableWhateverTheOtherLimits) {
  const test::FullListener full;
  options_.base_url = "http://127.0.0.1:" + std::to_string(full.port());
  options_.timeouts.connect = milliseconds(50);
  options_.timeouts.first_token = options_.timeouts.idle = milliseconds(50);

  EXPECT_EQ(error_of(ask()).code, Code::model_unreachable);
}

TEST_F(ModelFaults, ServerThatTakesNoConnectionsBeforeTheRunsTimeIsOver) {
  const test::FullListener full;
  options_.base_url = "http://127.0.0.1:" + std::to_string(full.port());
  options_.timeouts.connect = seconds(20);
  Request request = asking("?");
  request.deadline = steady_clock::now() + milliseconds(200);

  EXPECT_EQ(error_of(ask(request)).code, Code::model_timeout);
}

TEST_F(ModelFaults, ResetInMidStream) {
  const auto told = std::make_shared<test::Signal>();
  server_.next(Reply::stream().event(text_chunk("It ")).wait(told).reset());
  heard_.at_text = [told] { told->raise(); };

  EXPECT_EQ(error_of(ask(true)).code, Code::model_error);

  EXPECT_THAT(heard_.texts, ElementsAre("It "));
  EXPECT_THAT(server_.asked(), SizeIs(1)) << "what has been heard is not said again";
}

TEST_F(ModelFaults, ResetBeforeTheFirstTokenIsMendedByAskingAgain) {
  server_.next(Reply::nothing().reset());
  server_.next(Reply::stream().event(delta_chunk(R"({"role":"assistant","content":""})")).reset());
  server_.next(Reply::stream().event(text_chunk("hi")).done());

  const auto answer = ask(true);

  ASSERT_TRUE(answer) << answer.error().describe();
  EXPECT_EQ(answer->text, "hi");
  EXPECT_THAT(heard_.texts, ElementsAre("hi"));
}

TEST_F(ModelFaults, StreamThatIsClosedBeforeItsEnd) {
  server_.next(Reply::stream().event(text_chunk("It ")).cut());

  EXPECT_EQ(error_of(ask(true)).code, Code::model_error);
}

TEST_F(ModelFaults, StreamThatEndsBeforeItsFirstTokenIsMendedByAskingAgain) {
  server_.next(Reply::stream().end());
  server_.next(Reply::stream().event(text_chunk("hi")).done());

  EXPECT_TRUE(ask(true));
}

TEST_F(ModelFaults, StreamThatEndsInGoodOrderBeforeTheAnswerDoes) {
  server_.next(Reply::stream().event(text_chunk("It ")).end());

  EXPECT_EQ(error_of(ask(true)).code, Code::model_error);
}

TEST_F(ModelFaults, StreamThatIsClosedBetweenItsLastWordAndItsEnd) {
  server_.next(Reply::stream().event(text_chunk("hi")).event("[DONE]").cut());
  server_.next(Reply::stream().event(text_chunk("hi")).event(finish_chunk()).cut());

  EXPECT_TRUE(ask(true));
  EXPECT_TRUE(ask(true));
}

TEST_F(ModelFaults, StreamWithoutDone) {
  server_.next(Reply::stream().event(text_chunk("hi")).event(finish_chunk()).end());

  EXPECT_TRUE(ask(true));
}

TEST_F(ModelFaults, HalfAJsonChunk) {
  server_.next(Reply::stream().event(text_chunk("It ")).event(R"({"choices":[{"delta":{"content":"is)").done());
  server_.next(Reply::stream().event(text_chunk("It ")).chunk(R"(data: {"choices":[{"delta":{"con)").end());

  EXPECT_EQ(error_of(ask(true)).code, Code::model_bad_response);
  EXPECT_EQ(error_of(ask(true)).code, Code::model_error);
}

TEST_F(ModelFaults, HalfAPlainAnswerIsMendedByAskingAgain) {
  server_.next(Reply::nothing().say("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"choices\":").cut());
  server_.next(Reply::json(text_answer("hi")));

  EXPECT_TRUE(ask());
}

TEST_F(ModelFaults, HangBeforeTheAnswer) {
  const std::string ping = ": still thinking\n\n";
  options_.timeouts.first_token = milliseconds(50);
  for (const Reply& reply :
       {Reply::nothing(), Reply::stream(), Reply::stream().chunk(ping), Reply::stream().event("{}")}) {
    server_.next(Reply(reply).hang());

    EXPECT_EQ(error_of(ask(true)).code, Code::model_timeout);
    EXPECT_TRUE(server_.wait_for_hangup());
  }

  EXPECT_THAT(server_.asked(), SizeIs(4)) << "time that is over is not spent again";
}

TEST_F(ModelFaults, TheLimitOfTheFirstTokenIsOverWithIt) {
  const auto told = std::make_shared<test::Signal>();
  server_.next(Reply::stream().event(text_chunk("It ")).wait(told).event(text_chunk("is")).done());
  options_.timeouts.first_token = seconds(2);
  heard_.at_text = [told, first = true]() mutable {
    if (!std::exchange(first, false)) return;
    EXPECT_FALSE(told->wait(milliseconds(2'100)));  // longer than the first may take
    told->raise();
  };

  EXPECT_TRUE(ask(true));
}

TEST_F(ModelFaults, HangBetweenTokens) {
  server_.next(Reply::stream().event(text_chunk("It ")).hang());
  options_.timeouts.idle = milliseconds(50);

  EXPECT_EQ(error_of(ask(true)).code, Code::model_timeout);

  EXPECT_TRUE(server_.wait_for_hangup());
}

TEST_F(ModelFaults, AnswerThatTakesLongerThanTheWholeTime) {
  server_.next(Reply::stream().event(text_chunk("It ")).hang());
  options_.timeouts.total = milliseconds(50);

  EXPECT_EQ(error_of(ask(true)).code, Code::model_timeout);
}

TEST_F(ModelFaults, RunWhoseTimeEndsWithinTheAnswer) {
  server_.next(Reply::stream().event(text_chunk("It ")).hang());
  Request request = asking("?", true);
  request.deadline = steady_clock::now() + milliseconds(50);

  EXPECT_EQ(error_of(ask(request)).code, Code::model_timeout);
}

TEST_F(ModelFaults, RunWhoseTimeIsOverIsNotAskedFor) {
  Request request = asking("?");
  request.deadline = steady_clock::now() - seconds(1);

  const Error error = error_of(ask(request));

  EXPECT_EQ(error.code, Code::model_timeout);
  EXPECT_THAT(error.cause, HasSubstr("run"));
  EXPECT_THAT(server_.asked(), IsEmpty());
}

TEST_F(ModelFaults, RateLimitIsObeyed) {
  server_.next(Reply::error(429, "slow down", {"Retry-After: 1"}));
  server_.next(Reply::json(text_answer("hi")));
  const auto start = steady_clock::now();

  EXPECT_TRUE(ask());

  EXPECT_GE(steady_clock::now() - start, seconds(1));
}

TEST_F(ModelFaults, RateLimitThatAsksForMorePatienceThanWeHaveIsPassedOn) {
  server_.next(Reply::error(429, "slow down", {"retry-after: 3600"}));

  const Error error = error_of(ask());

  EXPECT_EQ(error.code, Code::model_rate_limited);
  EXPECT_EQ(error.retry_after, seconds(3600));
  EXPECT_EQ(error.upstream_status, 429);
  EXPECT_THAT(server_.asked(), SizeIs(1));
}

TEST_F(ModelFaults, RateLimitBeyondTheRunsTimeIsPassedOn) {
  server_.next(Reply::error(429, "slow down", {"Retry-After: 30"}));
  Request request = asking("?");
  request.deadline = steady_clock::now() + seconds(20);

  EXPECT_EQ(error_of(ask(request)).code, Code::model_rate_limited);
}

TEST_F(ModelFaults, ServerErrorsAreMendedByAskingAgain) {
  for (const int status : {500, 502, 503, 408, 409, 429}) {
    server_.next(Reply::error(status, "later"));
    server_.next(Reply::error(status, "later"));
    server_.next(Reply::json(text_answer("hi")));
    EXPECT_TRUE(ask()) << status;
  }
}

TEST_F(ModelFaults, ServerErrorsThatStayAreTold) {
  for (int i = 0; i < 3; ++i) server_.next(Reply::error(503, "overloaded"));

  const Error error = error_of(ask());

  EXPECT_EQ(error.code, Code::model_error);
  EXPECT_EQ(error.upstream_status, 503);
  EXPECT_THAT(error.cause, HasSubstr("overloaded"));
  EXPECT_THAT(server_.asked(), SizeIs(3));
}

TEST_F(ModelFaults, RefusalsAreToldAtOnce) {
  for (const int status : {400, 401, 403, 404, 422}) {
    server_.next(Reply::error(status, "no"));
    const Error error = error_of(ask());
    EXPECT_EQ(error.code, Code::model_rejected) << status;
    EXPECT_EQ(error.upstream_status, status);
  }
  EXPECT_THAT(server_.asked(), SizeIs(5));
}

TEST_F(ModelFaults, RedirectsAreNoAnswer) {
  server_.next(Reply::body(302, "", "text/html", {"Location: http://127.0.0.1:1/"}));

  EXPECT_EQ(error_of(ask()).code, Code::model_bad_response);
}

TEST_F(ModelFaults, KeyInAnErrorTextIsMasked) {
  server_.next(Reply::error(401, "Incorrect API key: sk-secret. Your key sk-secret is wrong."));
  server_.next(Reply::json(R"({"error":"sk-secret is wrong"})"));

  for (int i = 0; i < 2; ++i) {
    const Error error = error_of(ask());
    EXPECT_THAT(error.describe(), HasSubstr("*** is wrong"));
    EXPECT_THAT(error.describe(), Not(HasSubstr("sk-secret")));
  }
}

TEST_F(ModelFaults, WordsOfAnErrorAreNotCutWithinALetter) {
  std::string words = "x";
  for (int i = 0; i < 300; ++i) words += "é";
  server_.next(Reply::body(400, words, "text/plain"));

  EXPECT_TRUE(is_utf8(error_of(ask()).describe()));
}

TEST_F(ModelFaults, HtmlInsteadOfJson) {
  const std::string page = "<html><body>It works!</body></html>";
  for (const bool stream : {false, true}) {
    server_.next(Reply::body(200, page, "text/html"));
    const Error error = error_of(ask(stream));
    EXPECT_EQ(error.code, Code::model_bad_response);
    EXPECT_THAT(error.cause, HasSubstr("It works!"));
  }
  EXPECT_THAT(server_.asked(), SizeIs(2));
}

TEST_F(ModelFaults, ErrorInsideASuccess) {
  server_.next(Reply::json(R"({"error":{"message":"out of memory","type":"server_error","code":null}})"));
  server_.next(Reply::stream().event(text_chunk("It ")).event(R"({"error":{"message":"x","code":429}})").done());

  EXPECT_EQ(error_of(ask()).code, Code::model_error);
  EXPECT_EQ(error_of(ask(true)).code, Code::model_rate_limited);
}

TEST_F(ModelFaults, AnswerWithoutAChoice) {
  server_.next(Reply::json(R"({"choices":[]})"));

  EXPECT_EQ(error_of(ask()).code, Code::model_bad_response);
}

TEST_F(ModelFaults, AnswerOfTwentyMegabytes) {
  const std::string text(20 * 1024 * 1024, 'x');
  server_.next(Reply::json(text_answer(text)));
  server_.next(Reply::json(text_answer(text)));
  server_.next(Reply::stream("application/json").chunk(text).end());
  const std::string piece(1024 * 1024, 'x');
  Reply endless = Reply::stream();
  for (int i = 0; i < 20; ++i) endless = endless.event(text_chunk(piece));
  server_.next(endless.done());

  EXPECT_EQ(error_of(ask(false)).code, Code::model_bad_response);
  EXPECT_EQ(error_of(ask(true)).code, Code::model_bad_response);
  EXPECT_EQ(error_of(ask(true)).code, Code::model_bad_response);
  EXPECT_EQ(error_of(ask(true)).code, Code::model_bad_response);

  EXPECT_THAT(server_.asked(), SizeIs(4)) << "not asked again";
  EXPECT_LE(heard_.texts.size(), 16U);
}

TEST_F(ModelFaults, StopBeforeTheAnswer) {
  server_.next(Reply::nothing().hang());
  std::jthread stopper([this] {
    server_.wait_for_requests(1);
    stop_.request_stop();
  });

  EXPECT_EQ(error_of(ask()).code, Code::cancelled);

  EXPECT_TRUE(server_.wait_for_hangup());
}

TEST_F(ModelFaults, StopBetweenTokens) {
  server_.next(Reply::stream().event(text_chunk("It ")).hang());
  heard_.at_text = [this] { stop_.request_stop(); };

  EXPECT_EQ(error_of(ask(true)).code, Code::cancelled);

  EXPECT_TRUE(server_.wait_for_hangup());
}

TEST_F(ModelFaults, StopWhileWaitingToAskAgain) {
  server_.next(Reply::error(503, "later", {"Retry-After: 60"}));
  std::jthread stopper([this] {
    server_.wait_for_requests(1);
    stop_.request_stop();
  });

  EXPECT_EQ(error_of(ask()).code, Code::cancelled);

  EXPECT_THAT(server_.asked(), SizeIs(1));
}

TEST_F(ModelFaults, StopBeforeAsking) {
  stop_.request_stop();

  EXPECT_EQ(error_of(ask()).code, Code::cancelled);

  EXPECT_THAT(server_.asked(), IsEmpty());
}

TEST_F(ModelFaults, ServerThatKeepsFailingIsLeftAlone) {
  options_.retry.retries = 0;
  for (int i = 0; i < Circuit::kFailuresToOpen; ++i) {
    server_.next(Reply::error(500, "broken"));
    EXPECT_EQ(error_of(ask()).upstream_status, 500);
  }

  const Error error = error_of(ask());

  EXPECT_EQ(error.code, Code::model_error);
  EXPECT_TRUE(error.retry_after);
  EXPECT_THAT(server_.asked(), SizeIs(Circuit::kFailuresToOpen)) << "the last call was not sent";
}

TEST_F(ModelFaults, OneFailingCallWithItsRepetitionsIsNoOutage) {
  options_.retry.retries = 20;
  for (int i = 0; i < 21; ++i) server_.next(Reply::error(500, "this request breaks me"));
  EXPECT_FALSE(ask());
  server_.next(Reply::json(text_answer("hi")));

  EXPECT_TRUE(ask());
}

TEST_F(ModelFaults, RefusalsAreNoOutage) {
  for (int i = 0; i < 3 * Circuit::kFailuresToOpen; ++i) {
    server_.next(Reply::error(400, "bad"));
    EXPECT_EQ(error_of(ask()).code, Code::model_rejected);
  }
  server_.next(Reply::json(text_answer("hi")));

  EXPECT_TRUE(ask());
}

}  // namespace
}  // namespace pais::model
