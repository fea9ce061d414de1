// What a client may cost: time, bytes, connections.
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <sys/socket.h>
#include <vector>

#include "gmock/gmock.h"

#include "http/owned_fd.h"
#include "http/server.h"
#include "support/captured_log.h"
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

Route parked_route(Parked& parked) {
  return {.method = "GET", .pattern = "/it", .lane = Lane::run, .handler = parked.handler()};
}

// Sends one byte after another, each as soon as the last has been read, until the server answers.
void drip(TestServer& server, RawClient& client, std::string_view byte) {
  const auto deadline = Clock::now() + test::kPatience;
  while (!client.has_news() && Clock::now() < deadline) {
    const auto before = server->stats().bytes_in;
    client.send(byte);
    eventually([&] { return server->stats().bytes_in > before || client.has_news(); }, 10ms);
  }
  EXPECT_TRUE(client.has_news()) << "it may go on for ever";
}

TEST(ServerLimits, ADripCannotStretchTheTimeOfAHead) {
  for (const char* beginning : {"GET /", "GET /health HTTP/1.1\r\nX: "}) {
    TestServer server(
        {}, {.limits = {.header_bytes = 64 * 1024 * 1024, .target_bytes = 64 * 1024 * 1024, .header_time = 300ms}});
    RawClient client(server.port());
    client.send(beginning);

    drip(server, client, "a");

    expect_error(client.read_answer(), Code::request_timeout);
    EXPECT_TRUE(client.ends());
  }
}

TEST(ServerLimits, BlankLinesCannotStretchTheTimeOfAHead) {
  TestServer server({}, {.limits = {.header_time = 300ms}});
  RawClient client(server.port());

  client.send("\r");

  expect_error(client.read_answer(), Code::request_timeout);
}

TEST(ServerLimits, ADripCannotStretchTheTimeOfABody) {
  for (const char* framing : {"Content-Length: 10000000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\nfffff\r\n"}) {
    TestServer server({}, {.limits = {.body_time = 300ms}});
    RawClient client(server.port());
    client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\n" + std::string(framing));

    drip(server, client, "a");

    expect_error(client.read_answer(), Code::request_timeout);
    EXPECT_TRUE(client.ends());
  }
}

TEST(ServerLimits, ExtensionsCannotStretchTheTimeOfABody) {
  TestServer server({}, {.limits = {.body_time = 300ms}});
  RawClient client(server.port());
  client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");

  drip(server, client, "1;" + std::string(200, 'a') + "\r\na\r\n");

  expect_error(client.read_answer(), Code::request_timeout);
}

TEST(ServerLimits, EachRequestOfAConnectionHasItsOwnTime) {
  TestServer server({}, {.limits = {.header_time = 300ms, .body_time = 300ms}});
  RawClient client(server.port());
  const auto begun = Clock::now();

  while (Clock::now() - begun < 700ms) {
    client.send(post("/echo", "abc"));
    ASSERT_EQ(client.read_answer().body, "abc");
  }
}

TEST(ServerLimits, AnIdleConnectionIsClosedWithoutAWord) {
  TestServer server({}, {.limits = {.idle_time = 200ms}});
  RawClient fresh(server.port());
  RawClient used(server.port());
  used.send(get("/health"));
  EXPECT_EQ(used.read_answer().status, 200);

  EXPECT_TRUE(fresh.ends());
  EXPECT_TRUE(used.ends());
  EXPECT_EQ(fresh.received() + used.received(), "");
}

TEST(ServerLimits, AConnectionWithARequestAtWorkIsNotIdle) {
  Parked parked;
  TestServer server({parked_route(parked)}, {.limits = {.idle_time = 100ms}});
  RawClient client(server.port());
  client.send(get("/it"));
  const auto exchange = parked.next();

  EXPECT_FALSE(client.receive(500ms));

  exchange->reply(text("done"));
  EXPECT_EQ(client.read_answer().body, "done");
}

TEST(ServerLimits, AWholeAnswerThatNobodyTakesIsDropped) {
  TestServer server({{.method = "GET",
                      .pattern = "/large",
                      .handler = [](auto exchange) { exchange->reply(text(std::string(16 * 1024 * 1024, 'a'))); }}},
                    {.limits = {.write_time = 200ms}});
  RawClient client(server.port(), 4'096);

  client.send(get("/large"));

  EXPECT_TRUE(eventually([&] { return server->stats().bytes_in > 0; }));
  EXPECT_TRUE(eventually([&] { return server->stats().connections == 0 && server->stats().exchanges == 0; }));
}

TEST(ServerLimits, AReaderThatIsSlowButReadsGetsEverything) {
  TestServer server({{.method = "GET",
                      .pattern = "/large",
                      .handler = [](auto exchange) { exchange->reply(text(std::string(16 * 1024 * 1024, 'a'))); }}},
                    {.limits = {.write_time = 2'000ms}});
  RawClient client(server.port(), 4'096);
  client.send(get("/large"));

  EXPECT_EQ(client.read_answer().body.size(), 16U * 1024 * 1024);
}

TEST(ServerLimits, WhoKeepsSendingAfterTheLastAnswerIsCutOff) {
  TestServer server;
  RawClient client(server.port());
  client.send("nonsense\r\n\r\n");
  expect_error(client.read_answer(), Code::bad_request);

  const auto deadline = Clock::now() + test::kPatience;
  while (client.send("more and more nonsense") && Clock::now() < deadline) {
  }

  EXPECT_TRUE(eventually([&] { return server->stats().connections == 0; }));
}

TEST(ServerLimits, TheConnectionIdleForLongestMakesRoom) {
  TestServer server({}, {.limits = {.connections = 3}});
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<RawClient>(server.port()));
    clients.back()->send(get("/health"));
    ASSERT_EQ(clients.back()->read_answer().status, 200);
  }
  clients[0]->send(get("/health"));  // now the second is the oldest
  ASSERT_EQ(clients[0]->read_answer().status, 200);

  RawClient newcomer(server.port());
  newcomer.send(get("/health"));

  EXPECT_EQ(newcomer.read_answer().status, 200);
  EXPECT_TRUE(clients[1]->ends());
  for (const int kept : {0, 2}) {
    clients[static_cast<std::size_t>(kept)]->send(get("/health"));
    EXPECT_EQ(clients[static_cast<std::size_t>(kept)]->read_answer().status, 200) << kept;
  }
}

TEST(ServerLimits, WithoutAnIdleConnectionANewcomerIsToldSo) {
  Parked parked;
  TestServer server({parked_route(parked)}, {.limits = {.connections = 2}});
  RawClient busy(server.port());
  busy.send(get("/it"));
  const auto exchange = parked.next();
  RawClient half_sent(server.port());
  half_sent.send("GET /");
  ASSERT_TRUE(eventually([&] { return server->stats().bytes_in == get("/it").size() + 5; }));

  RawClient newcomer(server.port());
  const RawAnswer answer = newcomer.read_answer();

  expect_error(answer, Code::too_many_connections);
  EXPECT_EQ(answer.header("Retry-After"), "1");
  EXPECT_EQ(answer.header("Connection"), "close");
  EXPECT_TRUE(newcomer.ends());
  exchange->reply(text("done"));
  EXPECT_EQ(busy.read_answer().body, "done");
  EXPECT_TRUE(eventually([&] { return server.healthy(); })) << "the busy one is idle now, and makes room";
}

TEST(ServerLimits, AConnectionUsedSinceItWasFoundIdleDoesNotMakeRoom) {
  TestServer server({}, {.limits = {.connections = 4}});
  std::vector<std::unique_ptr<RawClient>> clients;
  const auto ask = [&](std::size_t client) {
    clients[client]->send(get("/health"));
    return clients[client]->read_answer().status;
  };
  const auto come = [&] {
    clients.push_back(std::make_unique<RawClient>(server.port()));
    return ask(clients.size() - 1);
  };
  for (int i = 0; i < 4; ++i) ASSERT_EQ(come(), 200);
  ASSERT_EQ(come(), 200);  // the first makes room
  ASSERT_EQ(ask(1), 200);

  ASSERT_EQ(come(), 200);

  EXPECT_TRUE(clients[0]->ends());
  EXPECT_TRUE(clients[2]->ends());
  EXPECT_EQ(ask(1), 200);
  EXPECT_EQ(ask(3), 200);
}

// A connection that nobody has looked at yet seems idle, though its request is there.
TEST(ServerLimits, ARequestThatHasArrivedDoesNotMakeRoom) {
  test::Signal entered;
  test::Signal go_on;
  test::Signal refused;
  Parked parked;
  TestServer server({{.method = "GET",
                      .pattern = "/block",
                      .lane = Lane::at_once,
                      .handler =
                          [&](auto exchange) {
                            entered.raise();
                            go_on.wait();
                            exchange->reply(text("{}"));
                          }},
                     {.method = "GET",
                      .pattern = "/work",
                      .handler =
                          [&](auto exchange) {
                            refused.wait();  // once it is answered its connection is idle, and would make room
                            exchange->reply(text("worked"));
                          }},
                     parked_route(parked)},
                    {.limits = {.connections = 2}});
  RawClient blocker(server.port());
  blocker.send(get("/block") + get("/it"));
  ASSERT_TRUE(entered.wait());  // the reactor stands still: what comes now comes to it in one go
  RawClient second(server.port());
  second.send(get("/work"));
  ASSERT_TRUE(second.has_arrived());
  RawClient third(server.port());
  third.send(get("/work"));
  ASSERT_TRUE(third.has_arrived());

  go_on.raise();

  expect_error(third.read_answer(), Code::too_many_connections);
  refused.raise();
  EXPECT_EQ(second.read_answer().body, "worked");
  parked.next()->reply(text("done"));
}

TEST(ServerLimits, IdleConnectionsDoNotTakeTheDescriptorsThatRequestsNeed) {
  constexpr rlim_t kDescriptors = 80;  // while the server begins; this test's own sockets need many more
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  rlimit tight = before;
  tight.rlim_cur = kDescriptors;
  ::setrlimit(RLIMIT_NOFILE, &tight);
  TestServer server;
  ::setrlimit(RLIMIT_NOFILE, &before);
  std::vector<RawClient> idle;

  for (rlim_t i = 0; i < 2 * kDescriptors; ++i) idle.emplace_back(server.port());

  EXPECT_TRUE(server.healthy());
  EXPECT_LE(server->stats().connections, kDescriptors / 2);
  EXPECT_TRUE(idle.front().ends());
}

TEST(ServerLimits, WithoutDescriptorsNewcomersAreRefusedAndTheOthersServed) {
  TestServer server;
  RawClient old(server.port());
  // Twice: the first exchange is gone for good once the second is answered. The sanitizer looks at an object that it
  // has not met with a pipe of its own.
  for (int i = 0; i < 2; ++i) {
    old.send(get("/health"));
    ASSERT_EQ(old.read_answer().status, 200);
  }
  std::vector<RawClient> waiting;
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);

  // Room for this test's own sockets, and for two of the server's.
  const int next_free = ::dup(0);
  ::close(next_free);
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(next_free) + 6;
  ::setrlimit(RLIMIT_NOFILE, &tight);
  try {
    for (int i = 0; i < 16; ++i) waiting.emplace_back(server.port());
  } catch (const std::exception&) {
    // Out of descriptors here too: that is the point.
  }
  old.send(get("/health"));
  EXPECT_EQ(old.read_answer().status, 200);
  waiting.clear();
  ::setrlimit(RLIMIT_NOFILE, &before);

  EXPECT_TRUE(eventually([&] { return server->stats().connections == 1; }));
  EXPECT_TRUE(server.healthy());
}

// How many refusals these lines tell of.
std::size_t told_of(const std::string& log) {
  constexpr std::string_view kLine = "no file descriptors left: ";
  std::size_t told = 0;
  for (std::size_t at = log.find(kLine); at != std::string::npos; at = log.find(kLine, at + 1)) {
    told += static_cast<std::size_t>(std::atoi(log.c_str() + at + kLine.size()));
  }
  return told;
}

// Connects them all while no descriptor is left to anybody, and waits until the log has told of each.
std::string log_of_refusing(const std::vector<OwnedFd>& clients, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const test::CapturedLog log;
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const int next_free = ::dup(0);
  ::close(next_free);
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(next_free);

  ::setrlimit(RLIMIT_NOFILE, &tight);
  for (const OwnedFd& client : clients) {
    ::connect(client.value(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  eventually([&] { return told_of(log.text()) >= clients.size(); });
  ::setrlimit(RLIMIT_NOFILE, &before);
  return log.text();
}

TEST(ServerLimits, AFloodWithoutDescriptorsIsNotOneOfLinesAsWell) {
  TestServer server;
  // Its threads have begun, for UBSan needs a descriptor to look at one that begins, and no connection is left.
  ASSERT_TRUE(server.healthy());
  ASSERT_TRUE(eventually([&] { return server->stats().connections == 0; }));
  std::vector<OwnedFd> flood;
  for (int i = 0; i < 50; ++i) flood.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));

  const std::string lines = log_of_refusing(flood, server.port());

  EXPECT_THAT(lines, testing::HasSubstr("no file descriptors left: 1 connection was refused\n"));
  EXPECT_EQ(told_of(lines), flood.size()) << lines;
  EXPECT_LT(std::ranges::count(lines, '\n'), 25) << lines;
  EXPECT_TRUE(server.healthy());
}

}  // namespace
}  // namespace pais::http
