// When the client gives up: deadlines and cancellation.
#include <stop_token>
#include <string>
#include <thread>

#include "gmock/gmock.h"

#include "direct_call.h"
#include "support/cancellation.h"
#include "support/endless.h"
#include "support/full_listener.h"

namespace pais::http {
namespace {

using std::chrono::milliseconds;
using test::FullListener;
using test::RawPeer;
using test::RawServer;
using test::Signal;
using testing::HasSubstr;

TEST(ClientDeadline, EndsConnecting) {
  const FullListener full;
  ClientRequest request = post("http://127.0.0.1:" + std::to_string(full.port()));
  request.limits.connect = milliseconds(100);

  const Error error = failure(direct().send(request));

  EXPECT_EQ(error.code, Code::unreachable) << "there was no connection, so nothing was sent";
  EXPECT_THAT(error.describe(), HasSubstr("connecting: the time was up"));
}

TEST(ClientDeadline, OfTheWholeCallEndsConnectingToo) {
  const FullListener full;
  ClientRequest request = post("http://127.0.0.1:" + std::to_string(full.port()));
  request.limits.total = milliseconds(100);

  EXPECT_EQ(failure(direct().send(request)).code, Code::timed_out);
}

TEST(ClientDeadline, EndsTheWaitForTheFirstByte) {
  RawServer server([](RawPeer& peer) { peer.hung_up(); });
  ClientRequest request = post(server.url());
  request.limits.first_byte = milliseconds(100);

  const Error error = failure(direct().send(request));

  EXPECT_EQ(error.code, Code::timed_out);
  EXPECT_THAT(error.describe(), HasSubstr("waiting for the answer"));
}

TEST(ClientDeadline, EndsASilenceWithinTheBody) {
  RawServer server([](RawPeer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    peer.hung_up();
  });
  ClientRequest request = post(server.url());
  request.limits.idle = milliseconds(100);

  EXPECT_EQ(failure(direct().send(request)).code, Code::timed_out);
}

TEST(ClientDeadline, LetsAStreamGoOnWhileItMoves) {
  RawServer server([](RawPeer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n");
    peer.drip("01234567890123456789", milliseconds(50));
  });
  ClientRequest request = post(server.url());
  request.limits.first_byte = request.limits.idle = milliseconds(800);

  const auto answer = direct().send(request);

  ASSERT_TRUE(answer) << answer.error().describe();
}

TEST(ClientDeadline, CannotBeStretchedByAHeadThatDrips) {
  RawServer server([](RawPeer& peer) {
    peer.read_request();
    peer.drip("HTTP/1.1 200 OK\r\nX: " + std::string(10'000, 'x'), milliseconds(10));
  });
  ClientRequest request = post(server.url());
  request.limits.first_byte = request.limits.idle = milliseconds(200);

  EXPECT_EQ(failure(direct().send(request)).code, Code::timed_out);
}

TEST(ClientDeadline, OfTheWholeCallCannotBeStretchedByABodyThatDrips) {
  RawServer server([](RawPeer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\n\r\n");
    peer.drip(std::string(10'000, 'x'), milliseconds(10));
  });
  ClientRequest request = post(server.url());
  request.limits.total = milliseconds(200);

  EXPECT_EQ(failure(direct().send(request)).code, Code::timed_out);
}

// Of an answer without end a limit of bytes is the other thing that could end it, much later.
constexpr std::size_t kFarMore = std::size_t{1} << 30;

TEST(ClientDeadline, OfTheWholeCallCannotBeStretchedByABodyThatNeverPauses) {
  test::Endless endless(std::string(16 * 1024, 'x'));
  RawServer server([&](RawPeer& peer) {
    peer.read_request();
    endless.play(peer, "HTTP/1.1 200 OK\r\n\r\n", [&](std::string_view bytes) { peer.send(bytes); });
  });
  ClientRequest request = post(server.url());
  request.limits.total = milliseconds(100);
  request.limits.answer_bytes = kFarMore;
  const Receiver receiver{.on_head = [](const ClientResponse&) { return true; },
                          .on_bytes =
                              [&](std::string_view bytes) {
                                endless.taken(bytes.size());
                                return true;
                              }};

  EXPECT_EQ(failure(direct().send(request, receiver)).code, Code::timed_out);
}

TEST(ClientDeadline, EndsARequestThatNobodyReads) {
  Signal done;
  RawServer server([&](RawPeer&) { done.wait(); });
  ClientRequest request = post(server.url());
  request.body = std::string(64 << 20, 'x');
  request.limits.idle = milliseconds(100);

  EXPECT_EQ(failure(direct().send(request)).code, Code::timed_out);
  done.raise();
}

// A server that takes its time with the head, and again with the body.
void answer_slowly(RawPeer& peer) {
  peer.read_request();
  if (peer.hung_up(milliseconds(300))) return;
  peer.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nsl");
  if (peer.hung_up(milliseconds(300))) return;
  peer.send("ow");
}

TEST(ClientDeadline, OfZeroIsNone) {
  RawServer server(answer_slowly);
  ClientRequest request = post(server.url());
  request.limits = {.connect = {}, .first_byte = {}, .idle = {}, .total = {}};

  const auto answer = direct().send(request);

  ASSERT_TRUE(answer) << answer.error().describe();
  EXPECT_EQ(answer->body, "slow");
}

TEST(ClientDeadline, OfZeroForConnectingLeavesTheOthers) {
  const FullListener full;
  ClientRequest request = post("http://127.0.0.1:" + std::to_string(full.port()));
  request.limits.connect = milliseconds(0);
  request.limits.total = milliseconds(300);

  EXPECT_EQ(failure(direct().send(request)).code, Code::timed_out) << "the time of the whole call was up";
}

TEST(ClientDeadline, OfZeroForTheFirstByteLeavesTheOthers) {
  RawServer slow(answer_slowly);
  RawServer stuck([](RawPeer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-");
    peer.hung_up();
  });
  const auto asked_of = [](const RawServer& server, milliseconds idle) {
    ClientRequest request = post(server.url());
    request.limits.first_byte = milliseconds(0);
    request.limits.idle = idle;
    return request;
  };

  EXPECT_TRUE(direct().send(asked_of(slow, test::kPatience)));
  EXPECT_EQ(failure(direct().send(asked_of(stuck, milliseconds(200)))).code, Code::timed_out);
}

TEST(ClientDeadline, OfZeroBetweenTwoBytesLeavesTheOthers) {
  RawServer slow(answer_slowly);
  RawServer silent([](RawPeer& peer) { peer.hung_up(); });
  const auto asked_of = [](const RawServer& server, milliseconds first_byte) {
    ClientRequest request = post(server.url());
    request.limits.first_byte = first_byte;
    request.limits.idle = milliseconds(0);
    return request;
  };

  EXPECT_TRUE(direct().send(asked_of(slow, test::kPatience)));
  EXPECT_EQ(failure(direct().send(asked_of(silent, milliseconds(200)))).code, Code::timed_out);
}

TEST(ClientDeadline, OfZeroForTheWholeCallLeavesTheOthers) {
  RawServer slow(answer_slowly);
  ClientRequest request = post(slow.url());
  request.limits.total = milliseconds(0);
  EXPECT_TRUE(direct().send(request));

  request.limits.idle = milliseconds(100);
  EXPECT_EQ(failure(direct().send(request)).code, Code::timed_out);
}

// --- cancellation ---

milliseconds time_to_cancel(const ClientRequest& request, Signal& under_way) {
  return test::time_to_cancel(under_way,
                              [&](const std::stop_token& stop) { return failure(direct().send(request, stop)); });
}

TEST(ClientCancellation, ComesBeforeAnythingIsOpened) {
  RawServer server([](RawPeer& peer) { peer.hung_up(); });
  std::stop_source stop;
  stop.request_stop();

  EXPECT_EQ(failure(direct().send(post(server.url()), stop.get_token())).code, Code::cancelled);
}

TEST(ClientCancellation, EndsConnecting) {
  const FullListener full;
  Signal at_once;
  at_once.raise();

  EXPECT_LT(time_to_cancel(post("http://127.0.0.1:" + std::to_string(full.port())), at_once), milliseconds(1000));
}

TEST(ClientCancellation, EndsTheWaitForAnAnswer) {
  Signal request_read;
  RawServer server([&](RawPeer& peer) {
    peer.read_request();
    request_read.raise();
    peer.hung_up();
  });

  EXPECT_LT(time_to_cancel(post(server.url()), request_read), milliseconds(1000));
}

TEST(ClientCancellation, EndsTheMiddleOfABody) {
  Signal half_sent;
  RawServer server([&](RawPeer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe");
    half_sent.raise();
    peer.hung_up();
  });

  EXPECT_LT(time_to_cancel(post(server.url()), half_sent), milliseconds(1000));
}

TEST(ClientCancellation, EndsABodyThatNeverPauses) {
  Signal under_way;
  RawServer server([&](RawPeer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\n\r\n");
    under_way.raise();
    const std::string much(1 << 20, 'x');
    while (!peer.hung_up(milliseconds(0))) peer.send(much);
  });
  ClientRequest request = post(server.url());
  request.limits.answer_bytes = 0;
  std::stop_source stop;
  std::jthread stopper([&] {
    under_way.wait();
    stop.request_stop();
  });
  const Receiver receiver{.on_head = {}, .on_bytes = [](std::string_view) { return true; }};

  EXPECT_EQ(failure(direct().send(request, receiver, stop.get_token())).code, Code::cancelled);
}

TEST(ClientCancellation, EndsTheSendingOfARequest) {
  Signal connected;
  Signal done;
  RawServer server([&](RawPeer& peer) {
    peer.read_bytes(1);
    connected.raise();
    done.wait();
  });
  ClientRequest request = post(server.url());
  request.body = std::string(64 << 20, 'x');

  EXPECT_LT(time_to_cancel(request, connected), milliseconds(1000));
  done.raise();
}

}  // namespace
}  // namespace pais::http
