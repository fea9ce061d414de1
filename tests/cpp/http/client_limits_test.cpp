// Answers that are too large, or none: an error each, and nothing else.
#include <cctype>
#include <string>

#include "gmock/gmock.h"

#include "direct_call.h"
#include "support/plumbing.h"

namespace pais::http {
namespace {

using test::plumbing;
using test::RawPeer;
using test::RawServer;

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
