// Connections between two calls: when they are used again, and what happens when they have gone bad.
#include <atomic>
#include <thread>

#include "gmock/gmock.h"

#include "http/client.h"
#include "support/plumbing.h"
#include "support/raw_server.h"

namespace pais::http {
namespace {

using std::chrono::milliseconds;
using test::RawPeer;
using test::RawServer;
using test::Signal;

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

Client direct() {
  return Client({.trust_environment = false});
}

ClientRequest request(std::string method, const RawServer& server) {
  return {.method = std::move(method), .url = server.url(), .body = {}};
}

std::string outcome(const Result<ClientResponse>& answer) {
  return answer ? answer->body : std::string(test::plumbing(answer.error().code));
}

void answer_all(RawPeer& peer) {
  while (!peer.read_request().empty()) peer.send(kOk);
}

TEST(ClientPool, UsesAConnectionAgain) {
  RawServer server(answer_all);
  const Client client = direct();

  for (int i = 0; i < 10; ++i) EXPECT_EQ(outcome(client.send(request("POST", server))), "ok");

  EXPECT_EQ(server.connections(), 1);
}

TEST(ClientPool, UsesAConnectionAgainAfterAChunkedStream) {
  RawServer server([](RawPeer& peer) {
    while (!peer.read_request().empty()) {
      peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n");
    }
  });
  const Client client = direct();
  const Receiver receiver{.on_head = [](const ClientResponse&) { return true; },
                          .on_bytes = [](std::string_view) { return true; }};

  for (int i = 0; i < 3; ++i) EXPECT_TRUE(client.send(request("POST", server), receiver));

  EXPECT_EQ(server.connections(), 1);
}

TEST(ClientPool, OpensOneConnectionForEachCallAtATime) {
  Signal all_here;
  std::atomic<int> here = 0;
  RawServer server([&](RawPeer& peer) {
    peer.read_request();
    if (++here == 4) all_here.raise();
    EXPECT_TRUE(all_here.wait());
    peer.send(kOk);
    answer_all(peer);
  });
  const Client client = direct();
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 4; ++i) {
      callers.emplace_back([&] { EXPECT_EQ(outcome(client.send(request("POST", server))), "ok"); });
    }
  }

  EXPECT_EQ(outcome(client.send(request("POST", server))), "ok");

  EXPECT_EQ(server.connections(), 4);
}

TEST(ClientPool, KeepsOriginsApart) {
  RawServer one(answer_all);
  RawServer two(answer_all);
  const Client client = direct();

  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(outcome(client.send(request("POST", one))), "ok");
    EXPECT_EQ(outcome(client.send(request("POST", two))), "ok");
  }

  EXPECT_EQ(one.connections(), 1);
  EXPECT_EQ(two.connections(), 1);
}

class LastAnswer : public testing::TestWithParam<const char*> {};

TEST_P(LastAnswer, OfAConnectionIsKnownAsSuch) {
  RawServer server([](RawPeer& peer) {
    if (peer.number > 0) return answer_all(peer);
    peer.read_request();
    peer.send(GetParam());
    ::shutdown(peer.fd(), SHUT_WR);
    EXPECT_TRUE(peer.hung_up());
  });
  const Client client = direct();

  EXPECT_EQ(outcome(client.send(request("POST", server))), "ok");
  EXPECT_EQ(outcome(client.send(request("POST", server))), "ok");

  EXPECT_EQ(server.connections(), 2);
}

INSTANTIATE_TEST_SUITE_P(All, LastAnswer,
                         testing::Values("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
                                         "HTTP/1.1 200 OK\r\nconnection: x, Close\r\nContent-Length: 2\r\n\r\nok",
                                         "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
                                         "HTTP/1.1 200 OK\r\n\r\nok"));

class StrayBytes : public testing::TestWithParam<bool> {};

TEST_P(StrayBytes, EndAConnection) {
  const bool together = GetParam();
  Signal first_answer_read;
  Signal stray_sent;
  RawServer server([&](RawPeer& peer) {
    if (peer.number > 0) return answer_all(peer);
    peer.read_request();
    const std::string stray = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
    if (together) {
      peer.send(std::string(kOk) + stray);
    } else {
      peer.send(kOk);
      EXPECT_TRUE(first_answer_read.wait());
      peer.send(stray);
    }
    stray_sent.raise();
    EXPECT_TRUE(peer.hung_up());
  });
  const Client client = direct();
  EXPECT_EQ(outcome(client.send(request("POST", server))), "ok");
  first_answer_read.raise();
  ASSERT_TRUE(stray_sent.wait());

  EXPECT_EQ(outcome(client.send(request("POST", server))), "ok");

  EXPECT_EQ(server.connections(), 2);
}

INSTANTIATE_TEST_SUITE_P(All, StrayBytes, testing::Bool());

TEST(ClientPool, ReplacesAConnectionThatWasClosedWhileIdle) {
  Signal closed;
  RawServer server([&](RawPeer& peer) {
    peer.read_request();
    peer.send(kOk);
    peer.close();
    if (peer.number == 0) closed.raise();
  });
  const Client client = direct();
  EXPECT_EQ(outcome(client.send(request("POST", server))), "ok");
  ASSERT_TRUE(closed.wait());

  EXPECT_EQ(outcome(client.send(request("POST", server))), "ok");

  EXPECT_EQ(server.connections(), 2);
}

// The request was on its way when the connection closed: first it is answered, then met with silence.
class ClosedInFlight : public testing::TestWithParam<bool> {
 protected:
  Result<ClientResponse> second_answer(const std::string& method) {
    EXPECT_EQ(outcome(client_.send(request(method, server_))), "ok");
    return client_.send(request(method, server_));
  }

  std::atomic<int> seen_ = 0;
  RawServer server_{[this](RawPeer& peer) {
    if (peer.number > 0) return answer_all(peer);
    peer.read_request();
    peer.send(kOk);
    peer.read_request();
    ++seen_;
    if (GetParam()) peer.reset();
  }};
  const Client client_ = direct();
};

TEST_P(ClosedInFlight, IsTriedAgainWhenItOnlyAsks) {
  EXPECT_EQ(outcome(second_answer("GET")), "ok");

  EXPECT_EQ(server_.connections(), 2);
}

TEST_P(ClosedInFlight, IsTriedAgainWhenItDeletes) {
  EXPECT_EQ(outcome(second_answer("DELETE")), "ok");

  EXPECT_EQ(server_.connections(), 2);
}

TEST_P(ClosedInFlight, IsAnErrorWhenTheRequestMayHaveBeenRead) {
  EXPECT_EQ(outcome(second_answer("POST")), "malformed");

  EXPECT_EQ(server_.connections(), 1);
  EXPECT_EQ(seen_, 1);
}

INSTANTIATE_TEST_SUITE_P(All, ClosedInFlight, testing::Bool());

TEST(ClientPool, DoesNotRepeatARequestWhoseAnswerHadBegun) {
  RawServer server([](RawPeer& peer) {
    peer.read_request();
    peer.send(kOk);
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Le");
  });
  const Client client = direct();
  EXPECT_EQ(outcome(client.send(request("GET", server))), "ok");

  EXPECT_EQ(outcome(client.send(request("GET", server))), "malformed");

  EXPECT_EQ(server.connections(), 1);
}

TEST(ClientPool, DoesNotRepeatARequestOnAFreshConnection) {
  RawServer server([](RawPeer& peer) { peer.read_request(); });

  EXPECT_EQ(outcome(direct().send(request("GET", server))), "malformed");

  EXPECT_EQ(server.connections(), 1);
}

TEST(ClientPool, DoesNotRepeatARequestThatTimedOut) {
  RawServer server([](RawPeer& peer) {
    peer.read_request();
    peer.send(kOk);
    peer.hung_up();
  });
  const Client client = direct();
  ClientRequest asked = request("GET", server);
  asked.limits.first_byte = milliseconds(200);
  EXPECT_EQ(outcome(client.send(asked)), "ok");

  EXPECT_EQ(outcome(client.send(asked)), "timed_out");

  EXPECT_EQ(server.connections(), 1);
}

TEST(ClientPool, ForgetsConnectionsThatHaveGrownOld) {
  RawServer server(answer_all);
  const Client client({.idle_for = milliseconds(0), .trust_environment = false});

  EXPECT_EQ(outcome(client.send(request("POST", server))), "ok");
  EXPECT_EQ(outcome(client.send(request("POST", server))), "ok");

  EXPECT_EQ(server.connections(), 2);
}

TEST(ClientPool, ClosesConnectionsOfOtherOriginsThatHaveGrownOld) {
  Signal closed;
  RawServer left([&](RawPeer& peer) {
    answer_all(peer);
    closed.raise();
  });
  RawServer other(answer_all);
  const Client client({.idle_for = milliseconds(0), .trust_environment = false});
  EXPECT_EQ(outcome(client.send(request("POST", left))), "ok");

  EXPECT_EQ(outcome(client.send(request("POST", other))), "ok");

  EXPECT_TRUE(closed.wait());
}

TEST(ClientPool, KeepsNoMoreThanItsLimit) {
  Signal both_here;
  Signal one_closed;
  std::atomic<int> here = 0;
  RawServer server([&](RawPeer& peer) {
    peer.read_request();
    if (++here == 2) both_here.raise();
    EXPECT_TRUE(both_here.wait());
    peer.send(kOk);
    answer_all(peer);
    one_closed.raise();
  });
  const Client client({.idle_per_origin = 1, .trust_environment = false});
  {
    std::jthread caller([&] { EXPECT_EQ(outcome(client.send(request("POST", server))), "ok"); });
    EXPECT_EQ(outcome(client.send(request("POST", server))), "ok");
  }

  EXPECT_TRUE(one_closed.wait());
}

}  // namespace
}  // namespace pais::http
