// What connections that are handed to the server may cost, and when none is taken any more.
#include <array>
#include <atomic>
#include <fcntl.h>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"

#include "http/owned_fd.h"
#include "http/server.h"
#include "support/adopted_client.h"
#include "support/eventually.h"
#include "support/raw_case.h"

namespace pais::http {
namespace {

using namespace std::chrono_literals;
using test::ask_inside;
using test::deaf;
using test::DeafStage;
using test::eventually;
using test::expect_error;
using test::handed_to;
using test::is_closed;
using test::old_get;
using test::RawClient;
using test::SocketPair;
using test::TestServer;
using test::text;

// ------------------------------------------------------------------------------------------- limits

TEST(ServerAdopted, WithTooManyConnectionsItIsToldSo) {
  DeafStage stage({.connections = 1});
  RawClient busy = handed_to(stage.server);
  const auto exchange = stage.ask(busy);

  RawClient newcomer = handed_to(stage.server);

  expect_error(newcomer.read_answer(), Code::too_many_connections);
  EXPECT_TRUE(newcomer.ends());
  exchange->reply(text("done"));
  EXPECT_EQ(busy.read_answer().body, "done");
}

TEST(ServerAdopted, ABodyThatIsTooLargeIsRefusedBeforeItIsRead) {
  TestServer server({}, deaf({.limits = {.body_bytes = 1'000}}));

  expect_error(ask_inside(server, "POST /echo HTTP/1.0\r\nContent-Length: 1001\r\n\r\n"), Code::payload_too_large);
}

TEST(ServerAdopted, TimeIsLimitedToo) {
  TestServer server({}, deaf({.limits = {.header_time = 200ms, .body_time = 200ms, .idle_time = 200ms}}));
  RawClient idle = handed_to(server);

  expect_error(ask_inside(server, "GET /he"), Code::request_timeout);
  expect_error(ask_inside(server, "POST /echo HTTP/1.0\r\nContent-Length: 10\r\n\r\nabc"), Code::request_timeout);
  EXPECT_TRUE(idle.ends());
  EXPECT_EQ(idle.received(), "");
}

TEST(ServerAdopted, RunsAreLimitedToo) {
  DeafStage stage({.runs = 1, .waiting = 0});
  RawClient first = handed_to(stage.server);
  const auto exchange = stage.ask(first);

  expect_error(ask_inside(stage.server, old_get("/it")), Code::too_many_runs);
  exchange->reply(text("done"));
  EXPECT_EQ(first.read_answer().body, "done");
}

// ------------------------------------------------------------------------------------------- the end

TEST(ServerAdopted, BeforeTheStartNoneIsTaken) {
  const auto server = Server::create(deaf(), {});
  SocketPair pair;
  const int fd = pair.servers.release();

  const auto adopted = server->adopt(fd);

  ASSERT_FALSE(adopted);
  EXPECT_TRUE(is_closed(fd));
  EXPECT_TRUE(RawClient(std::move(pair.clients)).ends());
}

TEST(ServerAdopted, WhatIsNoConnectionIsNotTaken) {
  TestServer server({}, deaf());
  std::array<int, 2> pipe_ends{};
  ASSERT_EQ(::pipe2(pipe_ends.data(), O_CLOEXEC), 0);
  const OwnedFd writing(pipe_ends[1]);
  const int unconnected = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  for (const int fd : {pipe_ends[0], unconnected, -1}) {
    const auto adopted = server->adopt(fd);

    ASSERT_FALSE(adopted) << fd;
    EXPECT_EQ(adopted.error().code, Code::unreachable);
    EXPECT_TRUE(is_closed(fd));
  }
}

TEST(ServerAdopted, DuringTheDelayOfADrainRunsAreRefusedAndProbesAnswered) {
  DeafStage stage;
  std::jthread draining([&] { stage.server->drain(60s, 60s); });
  ASSERT_TRUE(eventually([&] { return stage.server->draining(); }));

  expect_error(ask_inside(stage.server, old_get("/it")), Code::draining);
  EXPECT_EQ(ask_inside(stage.server, old_get("/health")).status, 200);

  stage.server->stop();
}

TEST(ServerAdopted, ADrainWaitsForTheRunThatIsThereAndTakesNoOther) {
  DeafStage stage;
  RawClient client = handed_to(stage.server);
  auto exchange = stage.ask(client);
  test::Signal drained;
  std::jthread draining([&] {
    stage.server->drain(0ms, 60s);
    drained.raise();
  });

  EXPECT_TRUE(eventually([&] {
    SocketPair pair;
    const int fd = pair.servers.release();
    const auto adopted = stage.server->adopt(fd);
    return !adopted && adopted.error().code == Code::draining && is_closed(fd);
  }));
  EXPECT_FALSE(drained.wait(100ms));
  exchange->reply(text("in time"));
  exchange.reset();

  EXPECT_EQ(client.read_answer().body, "in time");
  EXPECT_TRUE(client.ends());
  client.close();
  EXPECT_TRUE(drained.wait());
}

TEST(ServerAdopted, OnceStoppedNoneIsTaken) {
  DeafStage stage;
  RawClient client = handed_to(stage.server);
  const auto exchange = stage.ask(client);

  stage.server->stop();

  EXPECT_TRUE(client.ends());
  EXPECT_TRUE(exchange->cut_short());
  SocketPair pair;
  const int fd = pair.servers.release();
  EXPECT_FALSE(stage.server->adopt(fd));
  EXPECT_TRUE(is_closed(fd));
}

// Connections and the server's end come from all sides: each is answered or ended, and no descriptor is left.
TEST(ServerAdopted, WhoeverIsHandedOverWhileItStopsIsAnsweredOrEnded) {
  std::atomic<int> answered{0};
  std::atomic<int> ended{0};
  for (int round = 0; round < 20; ++round) {
    TestServer server({}, deaf());
    std::atomic<bool> refused{false};
    std::atomic<int> asked{0};
    std::vector<std::jthread> clients;
    for (int i = 0; i < 4; ++i) {
      clients.emplace_back([&] {
        while (!refused) {
          SocketPair pair;
          RawClient client(std::move(pair.clients));
          client.send(old_get("/health"));
          if (!server->adopt(pair.servers.release())) refused = true;
          client.read_answer().status == 200 ? ++answered : ++ended;
          ++asked;
          ASSERT_TRUE(client.ends());
        }
      });
    }
    ASSERT_TRUE(eventually([&] { return asked > 20; }));

    server->stop();
  }
  EXPECT_GT(answered, 0);
  std::printf("%d answered, %d ended\n", answered.load(), ended.load());
}

}  // namespace
}  // namespace pais::http
