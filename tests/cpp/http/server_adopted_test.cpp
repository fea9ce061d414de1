// Connections that are handed to the server, with a listener beside them and without one.
#include <array>
#include <fcntl.h>
#include <string>
#include <thread>

#include "gmock/gmock.h"

#include "http/owned_fd.h"
#include "http/server.h"
#include "support/adopted_client.h"
#include "support/captured_log.h"
#include "support/eventually.h"
#include "support/flood.h"
#include "support/raw_case.h"

namespace pais::http {
namespace {

using namespace std::chrono_literals;
using test::ask_inside;
using test::deaf;
using test::DeafStage;
using test::eventually;
using test::expect_error;
using test::Flood;
using test::get;
using test::handed_to;
using test::old_get;
using test::post;
using test::RawAnswer;
using test::RawClient;
using test::SocketPair;
using test::TestServer;
using test::text;
using Clock = std::chrono::steady_clock;

// ------------------------------------------------------------------------------------------- without a listener

TEST(ServerAdopted, AServerThatDoesNotListenHasNoPortAndUsesNoHost) {
  TestServer server({}, deaf({.host = "no address at all", .port = 1}));

  EXPECT_EQ(server.port(), 0);
  EXPECT_EQ(ask_inside(server, old_get("/health")).status, 200);
}

TEST(ServerAdopted, NobodyIsWarnedOfAPortThatIsNotThere) {
  const auto start = [](bool listens) {
    const test::CapturedLog log;
    const TestServer server({}, {.host = "0.0.0.0", .listens = listens});
    return log.text();
  };

  EXPECT_THAT(start(true), testing::HasSubstr("without an API key"));
  EXPECT_EQ(start(false), "");
}

TEST(ServerAdopted, HostAndOriginAreNotLookedAt) {
  TestServer server({}, deaf());

  EXPECT_EQ(ask_inside(server, "GET /health HTTP/1.1\r\nHost: testserver\r\nOrigin: https://evil.test\r\n\r\n").status,
            200);
}

TEST(ServerAdopted, BesideAListenerHostAndOriginAreLookedAt) {
  TestServer server;

  EXPECT_EQ(ask_inside(server, get("/health")).status, 200);
  expect_error(ask_inside(server, "GET /health HTTP/1.1\r\nHost: testserver\r\n\r\n"), Code::host_refused);
}

TEST(ServerAdopted, KeysAreAskedForAllTheSame) {
  TestServer server({}, deaf({.auth_required = true, .api_keys = {"key"}}));

  expect_error(ask_inside(server, post("/echo", "x")), Code::unauthorized);
  EXPECT_EQ(ask_inside(server, post("/echo", "x", "X-API-Key: key\r\n")).body, "x");
}

TEST(ServerAdopted, WithoutAKeyToAskForItDoesNotStart) {
  const auto server = Server::create(deaf({.auth_required = true}), {});

  const auto started = server->start();

  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, Code::invalid_setting);
}

// ------------------------------------------------------------------------------------------- what is asked

TEST(ServerAdopted, AnOldRequestWithABodyIsAnsweredAndTheConnectionEnds) {
  TestServer server({}, deaf());
  RawClient client = handed_to(server);
  const std::string body(1024 * 1024, 'b');

  std::jthread sender([&] {
    client.send("POST /echo HTTP/1.0\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  });
  const RawAnswer answer = client.read_answer();

  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Connection"), "close");
  EXPECT_EQ(answer.header("Transfer-Encoding"), "");
  EXPECT_TRUE(answer.body == body);
  EXPECT_TRUE(client.ends());
}

TEST(ServerAdopted, AConnectionMayBeUsedAgainAndAgain) {
  TestServer server({}, deaf());
  RawClient client = handed_to(server);

  for (const char* body : {"one", "two", "three"}) {
    client.send(post("/echo", body));
    EXPECT_EQ(client.read_answer().body, body);
  }
}

TEST(ServerAdopted, WhatWasSentBeforeItWasHandedOverIsRead) {
  TestServer server({}, deaf());
  SocketPair pair;
  RawClient client(std::move(pair.clients));
  client.send(old_get("/health"));

  ASSERT_TRUE(server->adopt(pair.servers.release()));

  EXPECT_EQ(client.read_answer().status, 200);
}

TEST(ServerAdopted, ThePeerIsCalledLocal) {
  std::string peer;
  TestServer server({{.method = "GET",
                      .pattern = "/peer",
                      .handler = [&](auto exchange) { exchange->reply(text(exchange->request().peer)); }}},
                    deaf());

  EXPECT_EQ(ask_inside(server, old_get("/peer")).body, "local");
}

TEST(ServerAdopted, AConnectionOverTcpMayBeHandedOver) {
  TestServer server({{.method = "GET",
                      .pattern = "/peer",
                      .handler = [&](auto exchange) { exchange->reply(text(exchange->request().peer)); }}},
                    deaf());
  // The kernel has let this one in, to a listener of the test's own.
  const OwnedFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(listener.value(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener.value(), 1), 0);
  ::getsockname(listener.value(), reinterpret_cast<sockaddr*>(&address), &size);
  RawClient client(ntohs(address.sin_port));

  ASSERT_TRUE(server->adopt(::accept(listener.value(), nullptr, nullptr)));
  client.send(old_get("/peer"));

  EXPECT_THAT(client.read_answer().body, testing::StartsWith("127.0.0.1:"));
}

TEST(ServerAdopted, TheDescriptorNeitherBlocksNorOutlivesAnExec) {
  TestServer server({}, deaf());
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
  const RawClient client{OwnedFd(ends[1])};

  ASSERT_TRUE(server->adopt(ends[0]));

  EXPECT_NE(::fcntl(ends[0], F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(::fcntl(ends[0], F_GETFD) & FD_CLOEXEC, 0);
}

// ------------------------------------------------------------------------------------------- streams

TEST(ServerAdopted, AStreamHasNoChunksAndEndsWithItsConnection) {
  DeafStage stage;
  RawClient client = handed_to(stage.server);
  const auto exchange = stage.ask(client);

  EventStream* const events = exchange->stream({.first = "data: 0\n\n"});
  EXPECT_EQ(client.read_head().header("Transfer-Encoding"), "");
  EXPECT_EQ(client.read_until("\n\n"), "data: 0\n\n");
  for (const char* event : {"data: 1\n\n", "data: 2\n\n"}) {
    EXPECT_TRUE(events->write(event));
    EXPECT_EQ(client.read_until("\n\n"), event) << "before the next is written";
  }
  exchange->finish();

  EXPECT_TRUE(client.ends());
  EXPECT_EQ(client.received(), "");
}

TEST(ServerAdopted, APromisedStreamOpensByItselfAndSaysThatItIsAlive) {
  DeafStage stage({.keep_alive_comment = 50ms});
  RawClient client = handed_to(stage.server);
  const auto exchange = stage.ask(client);

  exchange->promise_stream({.first = "data: role\n\n"}, 20ms);

  EXPECT_EQ(client.read_head().status, 200);
  EXPECT_EQ(client.read_until("\n\n"), "data: role\n\n");
  EXPECT_EQ(client.read_until("\n\n"), ": keep-alive\n\n");
  EXPECT_EQ(client.read_until("\n\n"), ": keep-alive\n\n");
}

TEST(ServerAdopted, AHangUpStopsTheRun) {
  for (const bool opened : {false, true}) {
    DeafStage stage;
    RawClient client = handed_to(stage.server);
    const auto exchange = stage.ask(client);
    if (opened) exchange->stream({.first = "data: 0\n\n"});
    test::Signal gone;
    const std::stop_callback on_gone(exchange->gone(), [&] { gone.raise(); });

    const auto hung_up = Clock::now();
    client.close();

    ASSERT_TRUE(gone.wait());
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - hung_up);
    std::printf("the run knew after %lld us\n", static_cast<long long>(took.count()));
    EXPECT_FALSE(exchange->cut_short());
    EXPECT_TRUE(eventually([&] { return stage.server->stats().connections == 0; }));
  }
}

TEST(ServerAdopted, AWriterWaitsForASlowReader) {
  DeafStage stage;
  RawClient client = handed_to(stage.server);
  Flood flood(stage.ask(client));

  EXPECT_LT(flood.wait_until_it_stands(), Flood::kEvents);

  EXPECT_EQ(client.read_answer().body.size(), Flood::kEvents * Flood::event().size());
  EXPECT_EQ(flood.written(), Flood::kEvents);
}

TEST(ServerAdopted, AReaderThatStopsReadingIsCutOff) {
  DeafStage stage({.write_time = 200ms});
  RawClient client = handed_to(stage.server);
  const auto exchange = stage.ask(client);
  EventStream* const events = exchange->stream({});
  const std::string event = "data: " + std::string(64 * 1024, 'a') + "\n\n";

  std::size_t written = 0;
  while (written < 4'096 && events->write(event)) ++written;

  EXPECT_LT(written, 4'096U);
  EXPECT_TRUE(eventually([&] { return exchange->gone().stop_requested(); }));
  EXPECT_TRUE(eventually([&] { return stage.server->stats().connections == 0; }));
  EXPECT_EQ(ask_inside(stage.server, old_get("/health")).status, 200);
}

}  // namespace
}  // namespace pais::http
