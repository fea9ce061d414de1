// Requests that are lawful but too much.
#include <string>
#include <vector>

#include "gmock/gmock.h"

#include "support/eventually.h"
#include "support/raw_case.h"

namespace pais::http {
namespace {

using test::denied;
using test::expect_error;
using test::fine;
using test::get;
using test::play;
using test::post;
using test::RawAnswer;
using test::RawCase;
using test::RawClient;
using test::refused;
using test::TestServer;

constexpr std::size_t kBody = 64 * 1024;

ServerOptions small_bodies() {
  return ServerOptions{.limits = {.body_bytes = kBody}};
}

std::string repeated(std::size_t times, const std::string& text) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

TEST(AbuseLimits, AHeadHasLimits) {
  TestServer server;
  const std::string half = "GET /health HTTP/1.1\r\nHost: localhost\r\n";

  play(server,
       std::vector<RawCase>{
           denied("the longest target", get("/" + std::string(8'191, 'a')), Code::not_found),
           refused("one byte more", get("/" + std::string(8'192, 'a')), Code::uri_too_long),
           refused("a target of 20 000", get("/" + std::string(20'000, 'a')), Code::uri_too_long),
           refused("a target without end", "GET /" + std::string(9'000, 'a'), Code::uri_too_long),
           refused("a long query", get("/health?" + std::string(9'000, 'a')), Code::uri_too_long),
           refused("a method without end", std::string(9'000, 'A'), Code::uri_too_long),
           fine("a long header line", get("/health", "X: " + std::string(8'000, 'a') + "\r\n")),
           refused("a longer one", get("/health", "X: " + std::string(9'000, 'a') + "\r\n"), Code::headers_too_large),
           fine("many header lines", get("/health", repeated(99, "X: a\r\n"))),
           refused("one more", get("/health", repeated(100, "X: a\r\n")), Code::headers_too_large),
           refused("thousands", get("/health", repeated(5'000, "a:\r\n")), Code::headers_too_large),
           fine("many header bytes", get("/health", repeated(4, "X: " + std::string(8'000, 'a') + "\r\n"))),
           refused("more of them", get("/health", repeated(5, "X: " + std::string(8'000, 'a') + "\r\n")),
                   Code::headers_too_large),
           refused("headers without end", half + "X: " + std::string(40'000, 'a'), Code::headers_too_large),
           {.name = "headers without end, in pieces",
            .pieces = {half, repeated(1'000, "X: aaaaaaaa\r\n"), repeated(1'000, "X: aaaaaaaa\r\n"),
                       repeated(1'000, "X: aaaaaaaa\r\n")},
            .status = 431,
            .code = Code::headers_too_large,
            .closes = true},
       });
}

TEST(AbuseLimits, ABodyHasALimit) {
  TestServer server({}, small_bodies());
  const std::string head = "POST /echo HTTP/1.1\r\nHost: localhost\r\n";
  const std::string chunked = head + "Transfer-Encoding: chunked\r\n\r\n";

  play(server,
       std::vector<RawCase>{
           fine("the longest", post("/echo", std::string(kBody, 'a'))),
           fine("the longest, chunked", chunked + "10000\r\n" + std::string(kBody, 'a') + "\r\n0\r\n\r\n"),
           refused("announced, not sent", head + "Content-Length: 65537\r\n\r\n", Code::payload_too_large),
           refused("announced and huge", head + "Content-Length: 999999999999999999\r\n\r\n", Code::payload_too_large),
           refused("announced and sent", post("/echo", std::string(kBody + 1, 'a')), Code::payload_too_large),
           refused("announced, with an expectation", head + "Content-Length: 65537\r\nExpect: 100-continue\r\n\r\n",
                   Code::payload_too_large),
           refused("one chunk too large", chunked + "10001\r\n", Code::payload_too_large),
           refused("one huge chunk", chunked + "fffffffffffffff\r\n", Code::payload_too_large),
           refused("a chunk too many", chunked + "ffff\r\n" + std::string(0xffff, 'a') + "\r\n2\r\n",
                   Code::payload_too_large),
           refused("a body nobody asked for", get("/health", "Content-Length: 65537\r\n"), Code::payload_too_large),
       });
}

TEST(AbuseLimits, ABodyThatIsRefusedIsNotReadOn) {
  TestServer server({}, small_bodies());
  RawClient client(server.port());
  const std::string endless(1024 * 1024, 'a');

  client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n");
  const RawAnswer answer = client.read_answer();
  // What is sent all the same is dropped for a while; then the connection ends under it.
  const auto deadline = std::chrono::steady_clock::now() + test::kPatience;
  while (client.send(endless) && std::chrono::steady_clock::now() < deadline) {
  }

  expect_error(answer, Code::payload_too_large);
  EXPECT_EQ(answer.header("Connection"), "close");
  EXPECT_LT(std::chrono::steady_clock::now(), deadline) << "the server never ended the connection";
  EXPECT_TRUE(server.healthy());
  EXPECT_TRUE(test::eventually([&] { return server->stats().connections == 0; }));
}

TEST(AbuseLimits, AnExpectantClientIsToldToGoOn) {
  TestServer server;
  RawClient client(server.port());

  client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 100);

  client.send("abc");
  EXPECT_EQ(client.read_answer().body, "abc");
}

TEST(AbuseLimits, AClientThatDoesNotWaitNeedsNotToBeTold) {
  TestServer server;

  const RawAnswer answer = server.ask(post("/echo", "abc", "Expect: 100-continue\r\n"));

  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "abc");
}

TEST(AbuseLimits, ARequestForNothingIsNotToldToGoOn) {
  TestServer server;
  RawClient client(server.port());

  client.send("POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");

  expect_error(client.read_answer(), Code::not_found);
  EXPECT_TRUE(client.ends());
}

TEST(AbuseLimits, PipelinedRequestsBehindABadOneAreNotRead) {
  TestServer server;
  RawClient client(server.port());

  client.send(post("/echo", "first") + get("/health", "Bad Header: x\r\n") + post("/echo", "third"));

  EXPECT_EQ(client.read_answer().body, "first");
  expect_error(client.read_answer(), Code::bad_request);
  EXPECT_TRUE(client.ends());
  EXPECT_EQ(client.received(), "");
}

TEST(AbuseLimits, PipelinedRequestsWaitInTheKernelWhileAnAnswerIsPending) {
  test::Parked parked;
  TestServer server({{.method = "GET", .pattern = "/slow", .lane = Lane::run, .handler = parked.handler()}});
  RawClient client(server.port());
  const std::string many = repeated(10'000, get("/health"));

  client.send(get("/slow"));
  const auto slow = parked.next();
  const auto read_before = server->stats().bytes_in;
  std::size_t sent = 0;
  // As much as the kernel will hold for us: the server must not hold more than a piece of it.
  while (const std::size_t more = client.send_some(many)) sent += more;
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(server.healthy());

  ASSERT_GT(sent, 256U * 1024);
  EXPECT_LT(server->stats().bytes_in - read_before, 256U * 1024 + 50 * get("/health").size());
  slow->reply(test::text("at last"));
  EXPECT_EQ(client.read_answer().body, "at last");
  for (int i = 0; i < 1'000; ++i) ASSERT_EQ(client.read_answer().status, 200);
}

}  // namespace
}  // namespace pais::http
