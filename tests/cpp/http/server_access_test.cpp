// Keys, hosts and origins, as a client meets them.
#include <string>

#include "gmock/gmock.h"

#include "http/server.h"
#include "support/raw_case.h"

namespace pais::http {
namespace {

using test::expect_error;
using test::get;
using test::post;
using test::RawAnswer;
using test::RawClient;
using test::TestServer;

const std::string kPreflight = "Origin: https://ui.test\r\nAccess-Control-Request-Method: POST\r\n";

std::string options(const std::string& path, const std::string& headers) {
  return "OPTIONS " + path + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n";
}

ServerOptions with_keys() {
  return ServerOptions{.auth_required = true, .api_keys = {"first", "second"}};
}

TEST(ServerAccess, ARouteIsProtectedUnlessItSaysOtherwise) {
  TestServer server({}, with_keys());

  const RawAnswer refused = server.ask(post("/echo", "x"));

  expect_error(refused, Code::unauthorized);
  EXPECT_EQ(refused.header("WWW-Authenticate"), "Bearer");
  EXPECT_EQ(refused.header("Connection"), "close") << "the body of a stranger is not read";
  EXPECT_EQ(server.ask(post("/echo", "x", "X-API-Key: second\r\n")).status, 200);
  EXPECT_EQ(server.ask(post("/echo", "x", "Authorization: Bearer first\r\n")).status, 200);
  expect_error(server.ask(post("/echo", "x", "Authorization: Bearer third\r\n")), Code::unauthorized);
  EXPECT_TRUE(server.healthy());
}

TEST(ServerAccess, WithoutAKeyNobodyLearnsWhatIsThere) {
  TestServer server({}, with_keys());

  expect_error(server.ask(get("/nowhere")), Code::unauthorized);
  expect_error(server.ask(get("/echo")), Code::unauthorized);
  expect_error(server.ask(options("/echo", "")), Code::unauthorized);
  expect_error(server.ask(get("/nowhere", "X-API-Key: first\r\n")), Code::not_found);
}

TEST(ServerAccess, TheBodyOfAStrangerIsNotWaitedFor) {
  TestServer server({}, with_keys());
  RawClient client(server.port());

  client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n");

  expect_error(client.read_answer(), Code::unauthorized);
  EXPECT_TRUE(client.ends());
}

TEST(ServerAccess, KeysThatAreRequiredMustExist) {
  const auto server = Server::create({.auth_required = true}, {});

  const auto started = server->start();

  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, Code::invalid_setting);
}

TEST(ServerAccess, APreflightNeedsNoKeyAndIsAnsweredForKnownOrigins) {
  ServerOptions options_with_origin = with_keys();
  options_with_origin.cors_origins = {"https://ui.test"};
  TestServer server({}, options_with_origin);

  const RawAnswer answer = server.ask(options("/echo", kPreflight + "Access-Control-Request-Headers: x-api-key\r\n"));
  const RawAnswer real = server.ask(post("/echo", "x", "Origin: https://ui.test\r\nX-API-Key: first\r\n"));
  const RawAnswer keyless = server.ask(post("/echo", "x", "Origin: https://ui.test\r\n"));

  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "https://ui.test");
  EXPECT_EQ(answer.header("Access-Control-Allow-Methods"), "POST, OPTIONS");
  EXPECT_EQ(answer.header("Access-Control-Allow-Headers"), "x-api-key");
  EXPECT_EQ(answer.header("Access-Control-Allow-Credentials"), "");
  EXPECT_EQ(real.header("Access-Control-Allow-Origin"), "https://ui.test");
  EXPECT_EQ(real.header("Access-Control-Expose-Headers"), "X-Session-ID, X-Run-ID, X-Request-ID");
  EXPECT_EQ(real.header("Vary"), "Origin");
  expect_error(keyless, Code::unauthorized);
  EXPECT_EQ(keyless.header("Access-Control-Allow-Origin"), "https://ui.test") << "so that the page can read why";
}

TEST(ServerAccess, OnLoopbackAPageOfAnotherOriginGetsNothing) {
  TestServer server;

  expect_error(server.ask(post("/echo", "x", "Origin: https://evil.example\r\n")), Code::origin_refused);
  expect_error(server.ask(options("/echo", kPreflight)), Code::origin_refused);
  expect_error(server.ask("GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n"), Code::host_refused);
  EXPECT_EQ(server.ask(post("/echo", "x", "Origin: http://localhost:3000\r\n")).status, 200);
}

TEST(ServerAccess, BeyondLoopbackHostsAndOriginsAreFree) {
  TestServer server({}, {.host = "0.0.0.0"});

  EXPECT_EQ(server.ask("GET /health HTTP/1.1\r\nHost: agent.cluster.local\r\n\r\n").status, 200);
  EXPECT_EQ(server.ask(get("/health", "Origin: https://evil.example\r\n")).status, 200);
  EXPECT_EQ(server.ask(get("/health", "Origin: https://evil.example\r\n")).header("Access-Control-Allow-Origin"), "");
}

TEST(ServerAccess, ASettingNamesFurtherHosts) {
  TestServer server({}, {.allowed_hosts = {"agent.test"}});

  EXPECT_EQ(server.ask("GET /health HTTP/1.1\r\nHost: agent.test:8000\r\n\r\n").status, 200);
  EXPECT_EQ(server.ask(get("/health", "Origin: https://agent.test\r\n")).status, 200);
}

}  // namespace
}  // namespace pais::http
