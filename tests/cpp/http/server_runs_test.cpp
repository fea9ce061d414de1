// Runs are counted, others wait in a line, and the rest is turned away; what needs no run is not held up by them.
#include <memory>
#include <string>
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
using test::RawAnswer;
using test::RawClient;
using test::TestServer;
using test::text;

class Stage {
 public:
  explicit Stage(Limits limits)
      : server(
            {{.method = "GET", .pattern = "/run", .lane = Lane::run, .handler = parked.handler()},
             {.method = "GET", .pattern = "/work", .handler = [](auto exchange) { exchange->reply(text("worked")); }}},
            {.limits = limits}) {}

  std::unique_ptr<RawClient> ask() {
    auto client = std::make_unique<RawClient>(server.port());
    client->send(get("/run"));
    return client;
  }
  bool waiting(std::size_t count) {
    return eventually([&] { return server->stats().waiting == count; });
  }

  Parked parked;
  TestServer server;
};

TEST(ServerRuns, TheNextInLineBeginsWhenOneEnds) {
  Stage stage({.runs = 1});
  const auto first = stage.ask();
  auto running = stage.parked.next();
  const auto second = stage.ask();
  ASSERT_TRUE(stage.waiting(1));
  const auto third = stage.ask();
  ASSERT_TRUE(stage.waiting(2));
  EXPECT_EQ(stage.server->stats().runs, 1U);
  EXPECT_EQ(stage.parked.size(), 0U);

  for (const char* name : {"first", "second", "third"}) {
    running->reply(text(name));
    running.reset();
    if (std::string_view(name) != "third") running = stage.parked.next();
  }

  EXPECT_EQ(first->read_answer().body, "first");
  EXPECT_EQ(second->read_answer().body, "second");
  EXPECT_EQ(third->read_answer().body, "third");
  EXPECT_TRUE(eventually([&] { return stage.server->stats().runs == 0; }));
}

TEST(ServerRuns, WhoHasWaitedLongEnoughIsTurnedAway) {
  Stage stage({.runs = 1, .wait_for_run = 100ms});
  const auto first = stage.ask();
  const auto running = stage.parked.next();

  const auto second = stage.ask();
  const RawAnswer answer = second->read_answer();

  expect_error(answer, Code::too_many_runs);
  EXPECT_EQ(answer.header("Retry-After"), "1");
  EXPECT_EQ(answer.header("Connection"), "keep-alive");
  EXPECT_EQ(stage.server->stats().waiting, 0U);
  running->reply(text("done"));
  EXPECT_EQ(first->read_answer().body, "done");
}

TEST(ServerRuns, WithAFullLineTheNextIsTurnedAwayAtOnce) {
  Stage stage({.runs = 1, .waiting = 1, .wait_for_run = 60s});
  const auto first = stage.ask();
  const auto running = stage.parked.next();
  const auto second = stage.ask();
  ASSERT_TRUE(stage.waiting(1));

  expect_error(stage.ask()->read_answer(), Code::too_many_runs);

  running->reply(text("done"));
  EXPECT_EQ(first->read_answer().body, "done");
}

TEST(ServerRuns, WhatNeedsNoRunIsAnsweredWhileAllAreBusyAndTheLineIsFull) {
  Stage stage({.runs = 2, .waiting = 1, .wait_for_run = 60s});
  std::vector<std::unique_ptr<RawClient>> clients;
  std::vector<std::shared_ptr<Exchange>> running;
  for (int i = 0; i < 2; ++i) {
    clients.push_back(stage.ask());
    running.push_back(stage.parked.next());
  }
  clients.push_back(stage.ask());
  ASSERT_TRUE(stage.waiting(1));

  for (int i = 0; i < 20; ++i) EXPECT_TRUE(stage.server.healthy());
  EXPECT_EQ(stage.server.ask(get("/work")).body, "worked");

  for (const auto& exchange : running) exchange->reply(text("done"));
}

TEST(ServerRuns, HandlersThatBlockHoldUpNobodyElse) {
  test::Signal go_on;
  TestServer server({{.method = "GET",
                      .pattern = "/block",
                      .lane = Lane::run,
                      .handler =
                          [&](auto exchange) {
                            go_on.wait();
                            exchange->reply(text("done"));
                          }}},
                    {.limits = {.runs = 100}});
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 100; ++i) {
    clients.push_back(std::make_unique<RawClient>(server.port()));
    clients.back()->send(get("/block"));
  }
  ASSERT_TRUE(eventually([&] { return server->stats().runs == 100; }));

  EXPECT_TRUE(server.healthy());

  go_on.raise();
  for (const auto& client : clients) EXPECT_EQ(client->read_answer().body, "done");
}

TEST(ServerRuns, ARunThatIsHeldByItsExchangeCountsThoughItIsAnswered) {
  Stage stage({.runs = 1});
  const auto first = stage.ask();
  auto running = stage.parked.next();
  running->reply(text("done"));
  EXPECT_EQ(first->read_answer().body, "done");
  const auto second = stage.ask();
  ASSERT_TRUE(stage.waiting(1));

  running.reset();

  const auto next = stage.parked.next();
  ASSERT_NE(next, nullptr);
  next->reply(text("next"));
  EXPECT_EQ(second->read_answer().body, "next");
}

TEST(ServerRuns, WithoutALimitNobodyWaits) {
  Stage stage({.runs = 0});
  std::vector<std::unique_ptr<RawClient>> clients;
  std::vector<std::shared_ptr<Exchange>> running;

  for (int i = 0; i < 50; ++i) clients.push_back(stage.ask());
  for (int i = 0; i < 50; ++i) running.push_back(stage.parked.next());

  EXPECT_EQ(stage.server->stats().waiting, 0U);
  for (const auto& exchange : running) ASSERT_TRUE(exchange != nullptr && exchange->reply(text("done")));
  for (const auto& client : clients) EXPECT_EQ(client->read_answer().body, "done");
}

}  // namespace
}  // namespace pais::http
