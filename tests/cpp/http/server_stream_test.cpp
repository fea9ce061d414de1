#include <memory>
#include <string>
#include <thread>

#include "gmock/gmock.h"

#include "http/server.h"
#include "support/eventually.h"
#include "support/flood.h"
#include "support/raw_case.h"

namespace pais::http {
namespace {

using namespace std::chrono_literals;
using test::eventually;
using test::expect_error;
using test::Flood;
using test::get;
using test::Parked;
using test::RawAnswer;
using test::RawClient;
using test::Reading;
using test::TestServer;
using test::text;

// A server with one route whose exchange the test holds in its hand.
class Stage {
 public:
  explicit Stage(ServerOptions options = {})
      : server({{.method = "GET", .pattern = "/it", .lane = Lane::run, .handler = parked.handler()}},
               std::move(options)) {}

  std::shared_ptr<Exchange> ask(RawClient& client, const std::string& request = get("/it")) {
    client.send(request);
    return parked.next();
  }

  Parked parked;
  TestServer server;
};

TEST(ServerStream, SaysThatItIsOne) {
  Stage stage;
  RawClient client(stage.server.port());
  const auto exchange = stage.ask(client, get("/it", "X-Request-ID: mine\r\n"));

  exchange->stream({.headers = {{"X-Session-ID", "s1"}}});
  const RawAnswer head = client.read_head();

  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("Content-Type"), "text/event-stream; charset=utf-8");
  EXPECT_EQ(head.header("Cache-Control"), "no-cache");
  EXPECT_EQ(head.header("X-Accel-Buffering"), "no");
  EXPECT_EQ(head.header("Connection"), "keep-alive");
  EXPECT_EQ(head.header("Transfer-Encoding"), "chunked");
  EXPECT_EQ(head.header("Content-Length"), "");
  EXPECT_EQ(head.header("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(head.header("Access-Control-Allow-Headers"), "*");
  EXPECT_EQ(head.header("X-Session-ID"), "s1");
  EXPECT_EQ(head.header("X-Request-ID"), "mine");
}

TEST(ServerStream, EachEventLeavesAtOnce) {
  Stage stage;
  RawClient client(stage.server.port());
  const auto exchange = stage.ask(client);

  EventStream* const events = exchange->stream({.first = "data: 0\n\n"});
  EXPECT_NE(client.read_until("data: 0\n\n"), "");
  for (const char* event : {"data: 1\n\n", "data: 2\n\n", "data: 3\n\n"}) {
    EXPECT_TRUE(events->write(event));
    EXPECT_NE(client.read_until(event), "") << "before the next is written";
  }
  exchange->finish();
  EXPECT_NE(client.read_until("0\r\n\r\n"), "");
}

TEST(ServerStream, LeavesTheConnectionForTheNextRequest) {
  Stage stage;
  RawClient client(stage.server.port());
  const auto exchange = stage.ask(client);
  exchange->stream({.first = "data: 0\n\n"})->write("data: 1\n\n");
  exchange->finish();

  EXPECT_EQ(client.read_answer().body, "data: 0\n\ndata: 1\n\n");

  client.send(get("/health"));
  EXPECT_EQ(client.read_answer().status, 200);
}

TEST(ServerStream, WritingNothingIsNotTheEnd) {
  Stage stage;
  RawClient client(stage.server.port());
  const auto exchange = stage.ask(client);
  EventStream* const events = exchange->stream({});

  EXPECT_TRUE(events->write(""));
  EXPECT_TRUE(events->write("data: 1\n\n"));
  exchange->finish();

  EXPECT_EQ(client.read_answer().body, "data: 1\n\n");
}

TEST(ServerStream, AfterItIsOpenNoOtherAnswerCounts) {
  Stage stage;
  RawClient client(stage.server.port());
  const auto exchange = stage.ask(client);
  EventStream* const events = exchange->stream({});

  EXPECT_FALSE(exchange->reply(text("whole")));
  EXPECT_FALSE(exchange->reply(Error{.code = Code::internal, .cause = ""}));
  EXPECT_EQ(exchange->stream({.headers = {{"X", "y"}}, .first = "data: unused\n\n"}), events);
  exchange->finish();

  EXPECT_EQ(client.read_answer().body, "");
}

TEST(ServerStream, NothingIsWrittenBehindItsEnd) {
  Stage stage;
  RawClient client(stage.server.port());
  const auto exchange = stage.ask(client);
  EventStream* const events = exchange->stream({});
  exchange->finish();

  EXPECT_FALSE(events->write("data: late\n\n"));
  exchange->finish();

  client.send(get("/health"));
  EXPECT_EQ(client.read_answer().body, "");
  EXPECT_EQ(client.read_answer().status, 200);
}

TEST(ServerStream, EndsWithItsExchange) {
  Stage stage;
  RawClient client(stage.server.port());
  auto exchange = stage.ask(client);
  exchange->stream({.first = "data: 1\n\n"});

  exchange.reset();

  const RawAnswer answer = client.read_answer();
  EXPECT_TRUE(answer.whole);
  EXPECT_EQ(answer.body, "data: 1\n\n");
}

TEST(ServerStream, EndsWhenItsHandlerThrows) {
  TestServer server({{.method = "GET", .pattern = "/it", .lane = Lane::run, .handler = [](auto exchange) {
                        exchange->stream({.first = "data: 1\n\n"});
                        throw std::runtime_error("secret");
                      }}});

  const RawAnswer answer = server.ask(get("/it"));

  EXPECT_TRUE(answer.whole);
  EXPECT_EQ(answer.body, "data: 1\n\n");
}

TEST(ServerStream, HasNoChunksForAnHttp10Client) {
  Stage stage;
  RawClient client(stage.server.port());
  const auto exchange = stage.ask(client, "GET /it HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EventStream* const events = exchange->stream({.first = "data: 0\n\n"});
  events->write("data: 1\n\n");
  exchange->finish();

  const RawAnswer answer = client.read_answer();

  EXPECT_EQ(answer.header("Transfer-Encoding"), "");
  EXPECT_EQ(answer.header("Connection"), "close");
  EXPECT_EQ(answer.body, "data: 0\n\ndata: 1\n\n");
  EXPECT_TRUE(client.ends());
}

TEST(ServerStream, HasNoBodyForHead) {
  Stage stage;
  RawClient client(stage.server.port());
  const auto exchange = stage.ask(client, "HEAD /it HTTP/1.1\r\nHost: localhost\r\n\r\n");
  exchange->promise_stream({.first = "data: promised\n\n"}, 0ms);

  if (EventStream* const events = exchange->stream({.first = "data: 0\n\n"})) events->write("data: 1\n\n");
  exchange->finish();

  const RawAnswer answer = client.read_answer(Reading::answer_without_body);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Content-Type"), "text/event-stream; charset=utf-8");
  client.send(get("/health"));
  EXPECT_THAT(client.read_answer().body, testing::HasSubstr("healthy"));
}

TEST(ServerStream, SaysThatItIsAliveAfterSilence) {
  Stage stage({.limits = {.keep_alive_comment = 50ms}});
  RawClient client(stage.server.port());
  const auto exchange = stage.ask(client);
  EventStream* const events = exchange->stream({});

  EXPECT_NE(client.read_until(": keep-alive\n\n"), "");
  EXPECT_NE(client.read_until(": keep-alive\n\n"), "") << "again and again";
  EXPECT_TRUE(events->write("data: 1\n\n"));
  EXPECT_NE(client.read_until("data: 1\n\n"), "");
}

TEST(ServerStream, SaysNothingBeforeItIsOpen) {
  Stage stage({.limits = {.keep_alive_comment = 10ms}});
  RawClient client(stage.server.port());
  const auto exchange = stage.ask(client);

  EXPECT_FALSE(client.receive(500ms));

  exchange->reply(text("plain"));
  EXPECT_EQ(client.read_answer().body, "plain");
}

TEST(ServerStream, APromisedOneOpensByItself) {
  Stage stage;
  RawClient client(stage.server.port());
  const auto exchange = stage.ask(client);

  exchange->promise_stream({.headers = {{"X-Session-ID", "s1"}}, .first = "data: role\n\n"}, 20ms);

  EXPECT_EQ(client.read_head().header("X-Session-ID"), "s1");
  EXPECT_NE(client.read_until("data: role\n\n"), "");
  EXPECT_FALSE(exchange->reply(text("too late for that")));
  EXPECT_TRUE(exchange->stream({.first = "data: unused\n\n"})->write("data: 1\n\n"));
  exchange->finish();
  EXPECT_EQ(client.read_until("0\r\n\r\n"), "\r\n9\r\ndata: 1\n\n\r\n0\r\n\r\n");
}

TEST(ServerStream, APromisedOneStaysAwayWhenTheAnswerComesBefore) {
  Stage stage;
  RawClient client(stage.server.port());
  const auto exchange = stage.ask(client);

  exchange->promise_stream({.first = "data: role\n\n"}, 200ms);
  EXPECT_TRUE(exchange->reply(Error{.code = Code::model_error, .cause = ""}));

  expect_error(client.read_answer(), Code::model_error);
  const auto next = stage.ask(client);
  EXPECT_FALSE(client.receive(500ms)) << "the promise was for the request before";
  next->reply(text("plain"));
  EXPECT_EQ(client.read_answer().body, "plain");
}

TEST(ServerStream, APromisedOneThatNobodyUsesEndsWithItsExchange) {
  Stage stage;
  RawClient client(stage.server.port());
  auto exchange = stage.ask(client);
  exchange->promise_stream({.first = "data: role\n\n"}, 0ms);
  EXPECT_NE(client.read_until("data: role\n\n"), "");

  exchange.reset();

  EXPECT_NE(client.read_until("0\r\n\r\n"), "");
}

// Promise and answer meet over and over: the client must see one of the two, whole.
TEST(ServerStream, APromiseAndAnAnswerDoNotMix) {
  Stage stage;
  RawClient client(stage.server.port());
  int streams = 0;
  for (int round = 0; round < 30; ++round) {
    auto exchange = stage.ask(client);
    exchange->promise_stream({.first = "data: role\n\n"}, std::chrono::milliseconds(round % 3));
    eventually([&] { return client.has_news(); }, std::chrono::milliseconds(round * 5));
    const bool replied = exchange->reply(text("plain"));
    exchange.reset();

    const RawAnswer answer = client.read_answer();
    EXPECT_TRUE(answer.whole);
    EXPECT_EQ(answer.body, replied ? "plain" : "data: role\n\n");
    streams += !replied;
  }
  std::printf("%d of 30 promises came first\n", streams);
}

TEST(ServerStream, ASlowReaderSlowsTheWriterDown) {
  Stage stage;
  RawClient client(stage.server.port(), 4'096);
  Flood flood(stage.ask(client));

  EXPECT_LT(flood.wait_until_it_stands(), Flood::kEvents);
  std::printf("%zu KiB written before the writer had to wait\n", flood.written() * 64);

  EXPECT_EQ(client.read_answer().body.size(), Flood::kEvents * Flood::event().size());
  EXPECT_EQ(flood.written(), Flood::kEvents);
}

TEST(ServerStream, AReaderThatStopsReadingIsCutOff) {
  Stage stage({.limits = {.write_time = 200ms}});
  RawClient client(stage.server.port(), 4'096);
  const auto exchange = stage.ask(client);
  EventStream* const events = exchange->stream({});
  const std::string event = "data: " + std::string(64 * 1024, 'a') + "\n\n";

  std::size_t written = 0;
  while (written < 16'384 && events->write(event)) ++written;

  EXPECT_LT(written, 16'384U) << "a GiB was taken for somebody who does not read";
  EXPECT_TRUE(eventually([&] { return exchange->gone().stop_requested(); }));
  EXPECT_TRUE(eventually([&] { return stage.server->stats().connections == 0; }));
  EXPECT_TRUE(stage.server.healthy());
}

TEST(ServerStream, AWriterThatWaitsIsFreedWhenTheClientLeaves) {
  Stage stage;
  RawClient client(stage.server.port(), 4'096);
  Flood flood(stage.ask(client));
  ASSERT_LT(flood.wait_until_it_stands(), Flood::kEvents);

  client.reset();

  EXPECT_TRUE(flood.wait_for_its_end());
}

TEST(ServerStream, AWriterThatWaitsIsFreedWhenTheServerStops) {
  Stage stage;
  RawClient client(stage.server.port(), 4'096);
  Flood flood(stage.ask(client));
  ASSERT_LT(flood.wait_until_it_stands(), Flood::kEvents);

  stage.server->stop();

  EXPECT_TRUE(flood.wait_for_its_end());
}

TEST(ServerStream, ALargeEventPassesWhole) {
  Stage stage;
  RawClient client(stage.server.port());
  const auto exchange = stage.ask(client);
  const std::string event = "data: " + std::string(4 * 1024 * 1024, 'a') + "\n\n";
  std::jthread writer([&] {
    exchange->stream({})->write(event);
    exchange->finish();
  });

  EXPECT_EQ(client.read_answer().body, event);
}

}  // namespace
}  // namespace pais::http
