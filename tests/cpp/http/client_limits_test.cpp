// When the client gives up: deadlines, cancellation, limits, and answers that are none.
#include <thread>

#include "gmock/gmock.h"

#include "http/client.h"
#include "support/cancellation.h"
#include "support/endless.h"
#include "support/full_listener.h"
#include "support/plumbing.h"
#include "support/raw_server.h"

namespace pais::http {
namespace {

using std::chrono::milliseconds;
using test::FullListener;
using test::plumbing;
using test::RawPeer;
using test::RawServer;
using test::Signal;
using testing::HasSubstr;

Client direct() {
  return Client({.trust_environment = false});
}

// A request whose limits no test waits for, but the ones it sets itself.
ClientRequest post(std::string url) {
  return {.url = std::move(url),
          .body = "{}",
          .limits = {.connect = test::kPatience, .first_byte = test::kPatience, .idle = test::kPatience}};
}

Error failure(const Result<ClientResponse>& answer) {
  EXPECT_FALSE(answer) << "answered " << answer->status;
  return answer ? Error{} : answer.error();
}

// --- deadlines ---

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

// --- limits ---

struct Hostile {
  const char* what;
  std::string answer;
  Code code;

  friend void PrintTo(const Hostile& hostile, std::ostream* out) { *out << hostile.what; }
};

std::string chunked(const std::string& rest) {
  return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + rest;
}
std::string headed(const std::string& lines) {
  return "HTTP/1.1 200 OK\r\n" + lines + "\r\nhello";
}

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

class HostileAnswer : public testing::TestWithParam<Hostile> {};

TEST_P(HostileAnswer, IsAnErrorAndNothingElse) {
  RawServer server([](RawPeer& peer) {
    peer.read_request();
    peer.send(GetParam().answer);
    ::shutdown(peer.fd(), SHUT_WR);
    peer.hung_up();
  });
  ClientRequest request = post(server.url());
  request.limits.answer_bytes = 1000;

  const auto answer = direct().send(request);

  ASSERT_FALSE(answer) << "answered " << answer->status << " " << answer->body.size();
  EXPECT_EQ(plumbing(answer.error().code), plumbing(GetParam().code)) << answer.error().describe();
}

const Hostile kHostile[] = {
    {"nothing", "", Code::malformed},
    {"another protocol", "SSH-2.0-OpenSSH_9.2\r\n", Code::malformed},
    {"HTTP/0.9", "<html>hello</html>", Code::malformed},
    {"HTTP/2", "HTTP/2 200\r\n\r\n", Code::malformed},
    {"version 1.2", "HTTP/1.2 200 OK\r\n\r\n", Code::malformed},
    {"half a status line", "HTTP/1.1 20", Code::malformed},
    {"half a head", "HTTP/1.1 200 OK\r\nContent-Len", Code::malformed},
    {"status of two digits", "HTTP/1.1 20 OK\r\n\r\n", Code::malformed},
    {"status of four digits", "HTTP/1.1 2000 OK\r\n\r\n", Code::malformed},
    {"status 099", "HTTP/1.1 099 OK\r\n\r\n", Code::malformed},
    {"status 600", "HTTP/1.1 600 OK\r\n\r\n", Code::malformed},
    {"bare line feeds", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", Code::malformed},
    {"unasked upgrade", "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n", Code::malformed},
    {"folded header", headed("X: a\r\n b\r\n"), Code::malformed},
    {"space before the colon", headed("Content-Length : 5\r\n"), Code::malformed},
    {"header without colon", headed("Content-Length\r\n"), Code::malformed},
    {"header without name", headed(": x\r\n"), Code::malformed},
    {"NUL in a header", headed(std::string("X: a\0b\r\n", 8)), Code::malformed},
    {"bare CR in a header", headed("X: a\rb\r\n"), Code::malformed},
    {"bare LF in a header", headed("X: a\nContent-Length: 5\r\n"), Code::malformed},
    {"negative length", headed("Content-Length: -5\r\n"), Code::malformed},
    {"length with sign", headed("Content-Length: +5\r\n"), Code::malformed},
    {"length in hex", headed("Content-Length: 0x5\r\n"), Code::malformed},
    {"length with unit", headed("Content-Length: 5 bytes\r\n"), Code::malformed},
    {"list of lengths", headed("Content-Length: 5, 5\r\n"), Code::malformed},
    {"empty length", headed("Content-Length:\r\n"), Code::malformed},
    {"length over 64 bits", headed("Content-Length: 18446744073709551621\r\n"), Code::malformed},
    {"length near 64 bits", headed("Content-Length: 999999999999999999\r\n"), Code::too_large},
    {"two lengths", headed("Content-Length: 5\r\nContent-Length: 6\r\n"), Code::malformed},
    {"the same length twice", headed("Content-Length: 5\r\nContent-Length: 5\r\n"), Code::malformed},
    {"length and chunks", headed("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), Code::malformed},
    {"chunks twice", headed("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), Code::malformed},
    {"unknown transfer coding", headed("Transfer-Encoding: gzip, chunked\r\n"), Code::malformed},
    {"chunks in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", Code::malformed},
    {"gzip", headed("Content-Encoding: gzip\r\nContent-Length: 5\r\n"), Code::malformed},
    {"brotli", headed("Content-Encoding: br\r\nContent-Length: 5\r\n"), Code::malformed},
    {"body shorter than its length", headed("Content-Length: 6\r\n"), Code::malformed},
    {"chunk size that is none", chunked("x\r\n"), Code::malformed},
    {"chunk size with 0x", chunked("0x5\r\nhello\r\n0\r\n\r\n"), Code::malformed},
    {"negative chunk", chunked("-5\r\nhello\r\n0\r\n\r\n"), Code::malformed},
    {"chunk of 2^64", chunked("10000000000000000\r\n"), Code::malformed},
    {"chunk over the limit", chunked("fffffff\r\nx"), Code::too_large},
    {"chunk longer than its size", chunked("4\r\nhello\r\n0\r\n\r\n"), Code::malformed},
    {"chunk cut short", chunked("5\r\nhel"), Code::malformed},
    {"chunks without end", chunked("5\r\nhello\r\n"), Code::malformed},
    {"endless chunk extension", chunked("5;" + std::string(10'000, 'x')), Code::malformed},
    {"endless trailers", chunked("0\r\n" + repeated("X: y\r\n", 10'000)), Code::too_large},
    {"length over the limit", headed("Content-Length: 1001\r\n"), Code::too_large},
    {"chunks over the limit", chunked(repeated("64\r\n" + std::string(100, 'x') + "\r\n", 11)), Code::too_large},
    {"until the end over the limit", "HTTP/1.1 200 OK\r\n\r\n" + std::string(1001, 'x'), Code::too_large},
    {"endless header", "HTTP/1.1 200 OK\r\nX: " + std::string(1 << 20, 'x'), Code::too_large},
    {"endless reason", "HTTP/1.1 200 " + std::string(1 << 20, 'x'), Code::too_large},
    {"too many headers", headed(repeated("X: y\r\n", 300)), Code::too_large},
    {"flood of interim answers", repeated("HTTP/1.1 100 Continue\r\n\r\n", 10'000), Code::too_large},
    {"large interim answers", repeated("HTTP/1.1 103 Hints\r\nX: " + std::string(30'000, 'x') + "\r\n\r\n", 9),
     Code::too_large},
};

INSTANTIATE_TEST_SUITE_P(All, HostileAnswer, testing::ValuesIn(kHostile),
                         [](const testing::TestParamInfo<Hostile>& tested) {
                           std::string label = tested.param.what;
                           for (char& c : label) {
                             if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
                           }
                           return label;
                         });

TEST(ClientLimit, LetsABodyOfJustItsSizeThrough) {
  const std::string body(1000, 'x');
  for (const std::string& answer_bytes :
       {headed("").substr(0, 19) + body, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + body,
        chunked("3e8\r\n" + body + "\r\n0\r\n\r\n")}) {
    RawServer server([&](RawPeer& peer) {
      peer.read_request();
      peer.send(answer_bytes);
    });
    ClientRequest request = post(server.url());
    request.limits.answer_bytes = 1000;
    const auto answer = direct().send(request);
    ASSERT_TRUE(answer) << answer.error().describe();
    EXPECT_EQ(answer->body, body);
  }
}

TEST(ClientLimit, OfZeroIsNone) {
  const std::string body((16 << 20) + 1, 'x');  // one byte over what is the limit else
  for (const std::string& answer_bytes :
       {headed("").substr(0, 19) + body,
        "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body,
        chunked("1000001\r\n" + body + "\r\n0\r\n\r\n")}) {
    RawServer server([&](RawPeer& peer) {
      peer.read_request();
      peer.send(answer_bytes);
    });
    ClientRequest request = post(server.url());
    EXPECT_EQ(plumbing(failure(direct().send(request)).code), "too_large");

    request.limits.answer_bytes = 0;
    const auto answer = direct().send(request);

    ASSERT_TRUE(answer) << answer.error().describe();
    EXPECT_EQ(answer->body.size(), body.size());
  }
}

TEST(ClientLimit, TellsAResetFromAnAnswer) {
  RawServer server([](RawPeer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\n\r\nhalf");
    peer.reset();
  });

  EXPECT_EQ(failure(direct().send(post(server.url()))).code, Code::malformed);
}

TEST(ClientLimit, SaysThatNobodyListens) {
  EXPECT_EQ(failure(direct().send(post("http://127.0.0.1:1"))).code, Code::unreachable);
}

}  // namespace
}  // namespace pais::http
