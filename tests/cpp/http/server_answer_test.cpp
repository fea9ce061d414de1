// Answers that come twice, too late, or for somebody who has left.
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"

#include "http/server.h"
#include "support/eventually.h"
#include "support/raw_case.h"

namespace pais::http {
namespace {

using test::eventually;
using test::get;
using test::Parked;
using test::RawClient;
using test::TestServer;
using test::text;

// A route of GET `/it` in that lane.
Route route(Lane lane, Handler handler) {
  return {.method = "GET", .pattern = "/it", .lane = lane, .handler = std::move(handler)};
}

constexpr Lane kLanes[] = {Lane::at_once, Lane::work, Lane::run};

TEST(ServerAnswer, TheFirstAnswerCounts) {
  std::atomic<int> taken{0};
  std::atomic<bool> through{false};
  TestServer server({route(Lane::work, [&](auto exchange) {
    taken += exchange->reply(text("first"));
    taken += 10 * exchange->reply(text("second"));
    taken += 100 * exchange->reply(Error{.code = Code::internal, .cause = "third"});
    taken += 1000 * (exchange->stream({}) != nullptr);
    through = true;
  })});
  RawClient client(server.port());

  client.send(get("/it"));

  EXPECT_EQ(client.read_answer().body, "first");
  client.send(get("/health"));
  EXPECT_EQ(client.read_answer().status, 200);
  EXPECT_TRUE(eventually([&] { return through.load(); }));
  EXPECT_EQ(taken, 1);
}

TEST(ServerAnswer, OfManyAnswersAtOnceOneCounts) {
  Parked parked;
  TestServer server({route(Lane::run, parked.handler())});
  RawClient client(server.port());
  for (int round = 0; round < 50; ++round) {
    client.send(get("/it"));
    const auto exchange = parked.next();
    ASSERT_NE(exchange, nullptr);
    std::atomic<int> taken{0};
    {
      std::vector<std::jthread> rivals;
      for (int i = 0; i < 4; ++i) {
        rivals.emplace_back(
            [&, i] { taken += exchange->reply(text(std::to_string(round) + "." + std::to_string(i))); });
      }
    }

    EXPECT_EQ(taken, 1);
    EXPECT_THAT(client.read_answer().body, testing::StartsWith(std::to_string(round) + "."));
  }
}

// A handler's thread may come late: what it then says must not reach whoever is asking now.
TEST(ServerAnswer, AnAnsweredExchangeCannotAnswerTheNextRequestOfItsConnection) {
  Parked parked;
  TestServer server({route(Lane::run, parked.handler())});
  RawClient client(server.port());
  client.send(get("/it"));
  const auto old = parked.next();
  ASSERT_TRUE(old->reply(text("first")));
  EXPECT_EQ(client.read_answer().body, "first");
  client.send(get("/it"));
  const auto current = parked.next();

  old->promise_stream({.first = "data: stale\n\n"}, std::chrono::milliseconds(0));
  EXPECT_FALSE(old->reply(text("stale")));
  EXPECT_EQ(old->stream({.first = "data: stale\n\n"}), nullptr);
  old->finish();

  // Longer than the promise would take.
  EXPECT_FALSE(client.receive(std::chrono::milliseconds(300)));
  EXPECT_TRUE(current->reply(text("second")));
  EXPECT_EQ(client.read_answer().body, "second");
}

TEST(ServerAnswer, AFinishedStreamCannotWriteIntoTheNextOne) {
  Parked parked;
  TestServer server({route(Lane::run, parked.handler())});
  RawClient client(server.port());
  client.send(get("/it"));
  const auto old = parked.next();
  EventStream* const old_events = old->stream({});
  EXPECT_TRUE(old_events->write("data: first\n\n"));
  old->finish();
  EXPECT_EQ(client.read_answer().body, "data: first\n\n");
  client.send(get("/it"));
  const auto current = parked.next();
  EventStream* const events = current->stream({});

  EXPECT_FALSE(old_events->write("data: stale\n\n"));
  old->finish();

  EXPECT_TRUE(events->write("data: second\n\n"));
  current->finish();
  EXPECT_EQ(client.read_answer().body, "data: second\n\n");
}

TEST(ServerAnswer, TellsTheHandlerOfAHangUpWhileItNeitherReadsNorWrites) {
  Parked parked;
  TestServer server({route(Lane::run, parked.handler())});
  for (const bool politely : {true, false}) {
    RawClient client(server.port());
    client.send(get("/it"));
    const auto exchange = parked.next();
    test::Signal told;
    const std::stop_callback on_gone(exchange->gone(), [&] { told.raise(); });
    EXPECT_FALSE(exchange->gone().stop_requested());

    const auto left = std::chrono::steady_clock::now();
    politely ? client.close() : client.reset();

    EXPECT_TRUE(told.wait(std::chrono::seconds(1)));
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - left;
    std::printf("the handler heard of the hang-up after %.2f ms\n", took.count());
    EXPECT_FALSE(exchange->cut_short());
  }
}

TEST(ServerAnswer, TellsAWaitingRunOfAHangUpToo) {
  Parked parked;
  TestServer server({route(Lane::run, parked.handler())}, {.limits = {.runs = 1}});
  RawClient first(server.port());
  first.send(get("/it"));
  const auto running = parked.next();
  RawClient second(server.port());
  second.send(get("/it"));
  ASSERT_TRUE(eventually([&] { return server->stats().waiting == 1; }));

  second.close();
  ASSERT_TRUE(eventually([&] { return server->stats().connections == 1; }));
  running->reply(text("done"));
  first.read_answer();

  // Its turn may come all the same: then it knows that nobody is there.
  ASSERT_TRUE(eventually([&] { return server->stats().waiting == 0; }));
}

TEST(ServerAnswer, WhoHasClosedHisSendingSideStillGetsHisAnswer) {
  for (const Lane lane : kLanes) {
    TestServer server({route(lane, [](auto exchange) { exchange->reply(text("here")); })});
    RawClient client(server.port());

    client.send(get("/it"));
    client.half_close();

    EXPECT_EQ(client.read_answer().body, "here");
    EXPECT_TRUE(client.ends());
  }
}

TEST(ServerAnswer, WhoHasClosedHisSendingSideGetsALargeAnswerWhole) {
  const std::string large(8 * 1024 * 1024, 'a');
  for (const Lane lane : kLanes) {
    TestServer server({route(lane, [&](auto exchange) { exchange->reply(text(large)); })});
    RawClient client(server.port(), 4'096);

    client.send(get("/it"));
    client.half_close();

    EXPECT_EQ(client.read_answer().body.size(), large.size());
    EXPECT_TRUE(client.ends());
  }
}

TEST(ServerAnswer, AnAnswerForSomebodyWhoHasLeftHarmsNobody) {
  Parked parked;
  TestServer server({route(Lane::run, parked.handler())});
  RawClient client(server.port());
  client.send(get("/it"));
  const auto exchange = parked.next();

  client.reset();
  ASSERT_TRUE(eventually([&] { return server->stats().connections == 0; }));
  RawClient newcomer(server.port());  // may well have the descriptor of the one who left
  newcomer.send(get("/it"));
  const auto another = parked.next();
  exchange->reply(text("for nobody"));
  another->reply(text("for the newcomer"));

  EXPECT_EQ(newcomer.read_answer().body, "for the newcomer");
}

TEST(ServerAnswer, AHandlerThatOutlivesTheServerHarmsNobody) {
  test::Signal entered;
  test::Signal go_on;
  test::Signal through;
  {
    TestServer server({route(Lane::run, [&](auto exchange) {
      entered.raise();
      go_on.wait();
      exchange->reply(text("too late"));
      exchange.reset();
      through.raise();
    })});
    RawClient client(server.port());
    client.send(get("/it"));
    ASSERT_TRUE(entered.wait());
  }

  go_on.raise();
  EXPECT_TRUE(through.wait());
}

TEST(ServerAnswer, AnExchangeThatOutlivesTheServerHarmsNobody) {
  Parked parked;
  std::shared_ptr<Exchange> exchange;
  {
    TestServer server({route(Lane::run, parked.handler())});
    RawClient client(server.port());
    client.send(get("/it"));
    exchange = parked.next();
  }

  EXPECT_TRUE(exchange->gone().stop_requested());
  exchange->promise_stream({}, std::chrono::milliseconds(0));
  EventStream* const events = exchange->stream({});
  ASSERT_NE(events, nullptr);
  EXPECT_FALSE(events->write("data: x\n\n"));
  exchange->finish();
}

}  // namespace
}  // namespace pais::http
