// Receivers that have had enough of an answer before its end, as a reader of events has that knows their last one.
#include <array>
#include <atomic>
#include <string>
#include <utility>

#include "gmock/gmock.h"

#include "http/client.h"
#include "support/eventually.h"
#include "support/raw_server.h"

namespace pais::http {
namespace {

using std::chrono::milliseconds;
using test::RawPeer;
using test::RawServer;
using test::Signal;

Client direct() {
  return Client({.trust_environment = false});
}

ClientRequest post(const RawServer& server) {
  return {.url = server.url(), .body = "{}"};
}

// A receiver that has had enough at the first bytes, and tells.
Receiver content_with_little(Signal& content) {
  return {.on_head = [](const ClientResponse&) { return true; },
          .on_bytes =
              [&content](std::string_view) {
                content.raise();
                return false;
              }};
}

TEST(ClientEnough, LeavesTheConnectionForTheNextCallWhenTheEndComesSoon) {
  for (const auto& [begin, rest] :
       {std::pair<std::string, std::string>{"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "0\r\n\r\n"},
        {"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "6\r\n, and \r\n5\r\nbye\r\n\r\n0\r\n\r\n"},
        {"Content-Length: 11\r\n\r\nhello", " world"}}) {
    std::array<Signal, 4> content;
    RawServer server([&content, &begin = begin, &rest = rest](RawPeer& peer) {
      for (Signal& heard : content) {
        peer.read_request();
        peer.send("HTTP/1.1 200 OK\r\n" + begin);
        heard.wait();
        peer.send(rest);
      }
      peer.hung_up();
    });
    const Client client = direct();

    for (Signal& heard : content) {
      const auto answer = client.send(post(server), content_with_little(heard));
      ASSERT_TRUE(answer) << answer.error().describe();
      EXPECT_EQ(answer->status, 200);
    }

    EXPECT_EQ(server.connections(), 1);
  }
}

TEST(ClientEnough, DoesNotWaitForTheEndOfAConnectionsLastAnswer) {
  RawServer server([](RawPeer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello");
    peer.hung_up();
  });
  const Client client = direct();

  for (int i = 0; i < 2; ++i) {
    Signal content;
    EXPECT_TRUE(client.send(post(server), content_with_little(content)));
  }

  EXPECT_EQ(server.connections(), 2);
}

TEST(ClientEnough, WaitsForAnEndThatDoesNotComeOnceAndNotEachTime) {
  constexpr int kCalls = 20;
  std::atomic<int> hung_up = 0;
  RawServer server([&](RawPeer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    hung_up += peer.hung_up();
  });
  const Client client = direct();

  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < kCalls; ++i) {
    Signal content;
    EXPECT_TRUE(client.send(post(server), content_with_little(content)));
  }
  const auto took = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begun);

  EXPECT_EQ(server.connections(), kCalls);
  EXPECT_TRUE(test::eventually([&] { return hung_up == kCalls; }));
  EXPECT_LT(took, kCalls * milliseconds(250)) << "the time that each call may be kept waiting";
  std::printf("%d calls in %lld ms\n", kCalls, static_cast<long long>(took.count()));
}

TEST(ClientEnough, LeavesAnAnswerThatGoesOnAndOn) {
  RawServer server([](RawPeer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    while (!peer.hung_up(milliseconds(0))) peer.send("5\r\nhello\r\n");
  });
  Signal content;

  EXPECT_TRUE(direct().send(post(server), content_with_little(content)));
}

TEST(ClientEnough, IsAnAnswerThoughTheCallIsCalledOffMeanwhile) {
  RawServer server([](RawPeer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    peer.hung_up();
  });
  std::stop_source stop;
  const Receiver receiver{.on_head = {}, .on_bytes = [&](std::string_view) { return !stop.request_stop(); }};

  const auto answer = direct().send(post(server), receiver, stop.get_token());

  ASSERT_TRUE(answer) << answer.error().describe();
}

}  // namespace
}  // namespace pais::http
