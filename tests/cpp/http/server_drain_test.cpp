// How the server ends.
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"

#include "http/server.h"
#include "support/eventually.h"
#include "support/raw_case.h"

namespace pais::http {
namespace {

using namespace std::chrono_literals;
using test::eventually;
using test::expect_error;
using test::get;
using test::Parked;
using test::post;
using test::RawAnswer;
using test::RawClient;
using test::TestServer;
using test::text;
using Clock = std::chrono::steady_clock;

class Stage {
 public:
  explicit Stage(Limits limits = {})
      : server(
            {{.method = "GET", .pattern = "/run", .lane = Lane::run, .handler = parked.handler()},
             {.method = "GET", .pattern = "/work", .handler = [](auto exchange) { exchange->reply(text("worked")); }}},
            {.limits = limits}) {}

  // Drains on a thread of its own; `drained` is raised when it is through.
  std::jthread drain(std::chrono::milliseconds delay, std::chrono::milliseconds grace) {
    return std::jthread([this, delay, grace] {
      server->drain(delay, grace);
      drained.raise();
    });
  }

  bool connects() {
    try {
      RawClient client(server.port());
      return true;
    } catch (const std::exception&) {
      return false;
    }
  }

  Parked parked;
  TestServer server;
  test::Signal drained;
};

TEST(ServerDrain, WithoutWorkItEndsAtOnce) {
  Stage stage;
  RawClient idle(stage.server.port());
  idle.send(get("/health"));
  idle.read_answer();

  const auto draining = stage.drain(0ms, 60s);

  EXPECT_TRUE(stage.drained.wait(10s));
  EXPECT_TRUE(stage.server->draining());
  EXPECT_TRUE(idle.ends());
  EXPECT_FALSE(stage.connects());
}

TEST(ServerDrain, HalfARequestIsNotWaitedForLong) {
  Stage stage;
  RawClient half_a_head(stage.server.port());
  half_a_head.send("GET /wo");
  RawClient half_a_body(stage.server.port());
  half_a_body.send("GET /work HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{");
  ASSERT_TRUE(eventually([&] { return stage.server->stats().connections == 2; }));

  const auto draining = stage.drain(0ms, 600s);

  expect_error(half_a_head.read_answer(), Code::request_timeout);
  expect_error(half_a_body.read_answer(), Code::request_timeout);
  EXPECT_TRUE(stage.drained.wait());
}

TEST(ServerDrain, DuringTheDelayProbesAreAnsweredAndRunsAreNot) {
  Stage stage;
  const auto draining = stage.drain(60s, 60s);
  ASSERT_TRUE(eventually([&] { return stage.server->draining(); }));

  EXPECT_TRUE(stage.server.healthy());
  EXPECT_EQ(stage.server.ask(get("/work")).body, "worked");
  const RawAnswer refused = stage.server.ask(get("/run"));
  expect_error(refused, Code::draining);
  EXPECT_EQ(refused.header("Retry-After"), "1");
  EXPECT_EQ(stage.server.ask(get("/health")).header("Connection"), "close");

  stage.server->stop();
  EXPECT_TRUE(stage.drained.wait());
}

TEST(ServerDrain, ARunHasItsGrace) {
  Stage stage;
  RawClient client(stage.server.port());
  client.send(get("/run"));
  auto exchange = stage.parked.next();

  const auto draining = stage.drain(0ms, 60s);
  ASSERT_TRUE(eventually([&] { return !stage.connects(); }));
  EXPECT_FALSE(stage.drained.wait(200ms));
  EXPECT_FALSE(exchange->gone().stop_requested());
  exchange->reply(text("in time"));
  exchange.reset();

  EXPECT_EQ(client.read_answer().body, "in time");
  EXPECT_TRUE(client.ends());
  EXPECT_TRUE(stage.drained.wait(10s));
}

TEST(ServerDrain, WhoWaitsForARunIsToldAtOnce) {
  Stage stage({.runs = 1, .wait_for_run = 60s});
  RawClient first(stage.server.port());
  first.send(get("/run"));
  auto running = stage.parked.next();
  RawClient second(stage.server.port());
  second.send(get("/run"));
  ASSERT_TRUE(eventually([&] { return stage.server->stats().waiting == 1; }));

  const auto draining = stage.drain(0ms, 60s);

  expect_error(second.read_answer(), Code::draining);
  running->reply(text("done"));
  running.reset();
  EXPECT_EQ(first.read_answer().body, "done");
  EXPECT_TRUE(stage.drained.wait(10s));
}

TEST(ServerDrain, ARunThatOutlastsItsGraceIsToldAndMayStillSaySo) {
  Stage stage;
  RawClient client(stage.server.port());
  client.send(get("/run"));
  auto exchange = stage.parked.next();
  EventStream* const events = exchange->stream({.first = "data: 1\n\n"});
  test::Signal told;
  std::jthread run([&] {
    test::Signal gone;
    const std::stop_callback on_gone(exchange->gone(), [&] { gone.raise(); });
    if (!gone.wait() || !exchange->cut_short()) return;
    events->write("data: error\n\n");
    exchange->finish();
    exchange.reset();
    told.raise();
  });

  const auto draining = stage.drain(0ms, 100ms);

  EXPECT_TRUE(told.wait());
  const RawAnswer answer = client.read_answer();
  EXPECT_TRUE(answer.whole);
  EXPECT_EQ(answer.body, "data: 1\n\ndata: error\n\n");
  EXPECT_TRUE(stage.drained.wait(10s));
}

TEST(ServerDrain, ARunThatNeverEndsDoesNotHoldItUp) {
  Stage stage;
  RawClient client(stage.server.port());
  client.send(get("/run"));
  const auto exchange = stage.parked.next();

  const auto draining = stage.drain(0ms, 100ms);

  EXPECT_TRUE(stage.drained.wait(15s));
  EXPECT_TRUE(exchange->gone().stop_requested());
  EXPECT_TRUE(exchange->cut_short());
  EXPECT_TRUE(client.ends());
}

// Who stops a run may end it in the same breath, on the thread that told it.
TEST(ServerDrain, ARunMayEndInsideTheNewsThatItIsCutShort) {
  Stage stage;
  RawClient client(stage.server.port());
  client.send(get("/run"));
  auto exchange = stage.parked.next();
  const std::stop_token gone = exchange->gone();
  const std::stop_callback on_gone(gone, [&] {
    exchange->reply(Error{.code = Code::draining, .cause = ""});
    exchange.reset();
  });

  const auto draining = stage.drain(0ms, 100ms);

  expect_error(client.read_answer(), Code::draining);
  EXPECT_TRUE(stage.drained.wait(15s));
}

TEST(ServerDrain, ASecondWordEndsItAtOnce) {
  Stage stage;
  RawClient client(stage.server.port());
  client.send(get("/run"));
  const auto exchange = stage.parked.next();
  const auto draining = stage.drain(60s, 60s);
  ASSERT_TRUE(eventually([&] { return stage.server->draining(); }));

  stage.server->stop();

  EXPECT_TRUE(stage.drained.wait(10s));
  EXPECT_TRUE(exchange->gone().stop_requested());
  EXPECT_FALSE(stage.connects());
}

// A second signal stops the server from another thread; the first one must not come back before all is closed, for
// what comes next is the server's end.
TEST(ServerDrain, DoesNotReturnBeforeAStopUnderWayIsThrough) {
  for (int round = 0; round < 10; ++round) {
    test::Signal entered;
    test::Signal go_on;
    Stage stage;
    RawClient client(stage.server.port());
    client.send(get("/run"));
    const auto exchange = stage.parked.next();
    const std::stop_callback slow_to_hear(exchange->gone(), [&] {
      entered.raise();
      go_on.wait();
    });
    const auto draining = stage.drain(60s, 60s);
    ASSERT_TRUE(eventually([&] { return stage.server->draining(); }));
    std::jthread second_word([&] { stage.server->stop(); });
    ASSERT_TRUE(entered.wait());

    EXPECT_FALSE(stage.drained.wait(50ms));

    go_on.raise();
    EXPECT_TRUE(stage.drained.wait());
  }
}

TEST(ServerDrain, StoppingTwiceIsStoppingOnce) {
  TestServer server;
  server->stop();
  server->stop();
  server->drain(0ms, 0ms);

  EXPECT_EQ(server->stats().connections, 0U);
}

TEST(ServerDrain, UnderLoadNoRequestThatWasTakenIsLost) {
  std::atomic<int> taken{0};
  TestServer server({{.method = "POST", .pattern = "/count", .lane = Lane::run, .handler = [&](auto exchange) {
                        ++taken;
                        exchange->reply(text(exchange->request().body));
                      }}});
  std::atomic<int> answered{0};
  std::atomic<int> wrong{0};
  std::atomic<bool> over{false};
  std::vector<std::jthread> clients;
  for (int i = 0; i < 32; ++i) {
    clients.emplace_back([&, i] {
      while (!over) {
        try {
          RawClient client(server.port());
          for (int round = 0; !over; ++round) {
            const std::string body = std::to_string(i) + "." + std::to_string(round);
            if (!client.send(post("/count", body))) break;
            const RawAnswer answer = client.read_answer();
            if (answer.status == 0) break;  // closed between two requests
            if (answer.status == 200) {
              ++answered;
              wrong += answer.body != body;
            }
            if (answer.header("Connection") == "close") break;
          }
        } catch (const std::exception&) {
          return;  // nobody listens any more
        }
      }
    });
  }
  ASSERT_TRUE(eventually([&] { return answered > 500; }));

  server->drain(100ms, 20s);
  over = true;
  clients.clear();

  EXPECT_EQ(answered, taken);
  EXPECT_EQ(wrong, 0);
  std::printf("%d requests taken, %d answered\n", taken.load(), answered.load());
}

// Whom the kernel has let in before the listener closes is served.
TEST(ServerDrain, WhoStandsInTheBacklogIsServed) {
  test::Signal entered;
  test::Signal go_on;
  TestServer server({{.method = "GET", .pattern = "/block", .lane = Lane::at_once, .handler = [&](auto exchange) {
                        entered.raise();
                        go_on.wait();
                        exchange->reply(text("{}"));
                      }}});
  RawClient blocker(server.port());
  blocker.send(get("/block"));
  ASSERT_TRUE(entered.wait());  // the reactor stands still
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 600; ++i) {
    clients.push_back(std::make_unique<RawClient>(server.port()));
    clients.back()->send(get("/health"));
  }

  std::jthread draining([&] { server->drain(0ms, 20s); });
  ASSERT_TRUE(eventually([&] { return server->draining(); }));
  go_on.raise();

  int answered = 0;
  for (const auto& client : clients) answered += client->read_answer().status == 200;
  EXPECT_EQ(answered, 600);
}

}  // namespace
}  // namespace pais::http
