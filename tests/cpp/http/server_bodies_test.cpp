// What the bodies of all requests may take of memory together.
#include <memory>
#include <string>

#include "gmock/gmock.h"

#include "http/server.h"
#include "support/eventually.h"
#include "support/raw_case.h"

namespace pais::http {
namespace {

using test::eventually;
using test::expect_error;
using test::Parked;
using test::post;
using test::RawAnswer;
using test::RawClient;
using test::TestServer;
using test::text;

// A server whose requests may have 1000 bytes together, with a route that keeps its exchanges for the test.
class ServerBodies : public testing::Test {
 protected:
  // Sends a request that is worked on until its exchange is dropped.
  std::shared_ptr<Exchange> keep(RawClient& client, const std::string& body) {
    client.send(post("/it", body));
    return parked_.next();
  }

  bool comes_to_hold(std::size_t bytes) {
    return eventually([&] { return server_->stats().bodies_bytes == bytes; });
  }

  Parked parked_;
  TestServer server_{{{.method = "POST", .pattern = "/it", .lane = Lane::run, .handler = parked_.handler()}},
                     {.limits = {.bodies_bytes = 1'000}}};
};

TEST_F(ServerBodies, OverTheirLimitARequestIsToldToComeBackLater) {
  RawClient client(server_.port());
  auto exchange = keep(client, std::string(600, 'a'));
  RawClient late(server_.port());

  late.send(post("/echo", std::string(401, 'b')));

  const RawAnswer answer = late.read_answer();
  expect_error(answer, Code::too_many_connections);
  EXPECT_EQ(answer.header("Retry-After"), "1");
  EXPECT_EQ(answer.header("Connection"), "close");
  EXPECT_TRUE(late.ends());
  EXPECT_EQ(server_.ask(post("/echo", std::string(400, 'b'))).body, std::string(400, 'b'));
  EXPECT_TRUE(server_.healthy());
}

TEST_F(ServerBodies, AreGivenBackWithTheirRequests) {
  RawClient client(server_.port());
  auto exchange = keep(client, std::string(600, 'a'));
  exchange->reply(text("done"));
  EXPECT_TRUE(comes_to_hold(600)) << "it is there as long as somebody may read it";

  exchange.reset();

  EXPECT_TRUE(comes_to_hold(0));
  EXPECT_EQ(server_.ask(post("/echo", std::string(1'000, 'b'))).status, 200);
}

TEST_F(ServerBodies, CountInChunksToo) {
  const std::string chunked = "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string chunk = "c8\r\n" + std::string(200, 'c') + "\r\n";
  RawClient client(server_.port());
  auto exchange = keep(client, std::string(600, 'a'));

  EXPECT_EQ(server_.ask(chunked + chunk + chunk + "0\r\n\r\n").body.size(), 400U);
  expect_error(server_.ask(chunked + chunk + chunk + chunk + "0\r\n\r\n"), Code::too_many_connections);
}

TEST_F(ServerBodies, CountAsTheyArriveNotAsTheyAreAnnounced) {
  RawClient boaster(server_.port());
  boaster.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n" + std::string(300, 'a'));
  ASSERT_TRUE(comes_to_hold(300));

  EXPECT_EQ(server_.ask(post("/echo", std::string(700, 'b'))).status, 200);
  EXPECT_TRUE(comes_to_hold(300));
}

TEST_F(ServerBodies, OfClientsWhoLeaveAreForgotten) {
  RawClient client(server_.port());
  client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n" + std::string(900, 'a'));
  ASSERT_TRUE(comes_to_hold(900));

  client.reset();

  EXPECT_TRUE(comes_to_hold(0));
}

TEST(ServerBodiesLimit, OfZeroIsNone) {
  TestServer server({}, {.limits = {.bodies_bytes = 0}});

  EXPECT_EQ(server.ask(post("/echo", std::string(1'000'000, 'a'))).body.size(), 1'000'000U);
}

}  // namespace
}  // namespace pais::http
