#include "http/framing.h"

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"

namespace pais::http {
namespace {

using testing::ElementsAre;
using testing::Pair;

Result<std::optional<Head>> read(std::string_view bytes, HeadLimits limits = {}) {
  std::size_t searched = 0;
  return read_head(bytes, limits, searched);
}

// The head of a request that must be a good one. It points into `bytes`.
Head good(std::string_view bytes, HeadLimits limits = {}) {
  const auto head = read(bytes, limits);
  EXPECT_TRUE(head && *head) << bytes;
  return head && *head ? **head : Head{};
}

// Why a request is refused.
Code refusal(std::string_view bytes, HeadLimits limits = {}) {
  const auto head = read(bytes, limits);
  EXPECT_FALSE(head) << bytes;
  return head ? Code::internal : head.error().code;
}

TEST(Framing, ReadsThePartsOfAHead) {
  const std::string bytes = "POST /v1/chat?stream=1 HTTP/1.1\r\nHost: localhost:8000\r\nContent-Length: 12\r\n\r\nbody";

  const Head head = good(bytes);

  EXPECT_EQ(head.method, "POST");
  EXPECT_EQ(head.target, "/v1/chat?stream=1");
  EXPECT_EQ(head.path(), "/v1/chat");
  EXPECT_EQ(head.host, "localhost:8000");
  EXPECT_EQ(head.size, bytes.size() - 4);
  EXPECT_EQ(head.minor_version, 1);
  EXPECT_EQ(head.body, Head::Body::sized);
  EXPECT_EQ(head.content_length, 12U);
  EXPECT_TRUE(head.keep_alive);
}

TEST(Framing, ShowsHeaderLinesWithoutTheWhiteSpaceAround) {
  const std::string bytes = "GET / HTTP/1.1\r\nHost:a\r\nX-Empty:\r\nX-Wide: \t two words \t\r\nX-Colon: a: b\r\n\r\n";
  std::vector<std::pair<std::string, std::string>> fields;

  for_each_field(good(bytes).fields, [&](auto name, auto value) { fields.emplace_back(name, value); });

  EXPECT_THAT(fields, ElementsAre(Pair("Host", "a"), Pair("X-Empty", ""), Pair("X-Wide", "two words"),
                                  Pair("X-Colon", "a: b")));
}

TEST(Framing, AsksForMoreUntilTheBlankLineIsThere) {
  const std::string bytes = "GET /a HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n";
  std::size_t searched = 0;

  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto head = read_head(std::string_view(bytes).substr(0, size), {}, searched);
    ASSERT_TRUE(head) << size;
    ASSERT_FALSE(*head) << size;
  }

  const auto head = read_head(bytes, {}, searched);
  ASSERT_TRUE(head && *head);
  EXPECT_EQ((*head)->size, bytes.size());
}

TEST(Framing, LeavesTheNextRequestAlone) {
  const std::string first = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";

  const Head head = good(first + "GET /b HTTP/1.1\r\n");

  EXPECT_EQ(head.size, first.size());
}

TEST(Framing, TakesALargeContentLengthWithoutOverflow) {
  const auto with_length = [](const std::string& length) {
    return "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + length + "\r\n\r\n";
  };

  EXPECT_EQ(good(with_length("999999999999999999")).content_length, 999'999'999'999'999'999U);
  EXPECT_EQ(refusal(with_length("1000000000000000000")), Code::bad_request);
  EXPECT_EQ(refusal(with_length("18446744073709551617")), Code::bad_request);
}

TEST(Framing, KeepsAnHttp11ConnectionUnlessToldToClose) {
  EXPECT_TRUE(good("GET / HTTP/1.1\r\nHost: a\r\n\r\n").keep_alive);
  EXPECT_FALSE(good("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").keep_alive);
  EXPECT_FALSE(good("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n").keep_alive);
  EXPECT_FALSE(good("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n").keep_alive);
}

TEST(Framing, ClosesAnHttp10ConnectionUnlessToldToKeepIt) {
  EXPECT_FALSE(good("GET / HTTP/1.0\r\n\r\n").keep_alive);
  EXPECT_TRUE(good("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").keep_alive);
  EXPECT_FALSE(good("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n").keep_alive);
}

TEST(Framing, TakesTheHostOfAnAbsoluteTarget) {
  const Head head = good("GET http://evil.example:81/a?b HTTP/1.1\r\nHost: localhost\r\n\r\n");

  EXPECT_EQ(head.host, "evil.example:81");
  EXPECT_EQ(head.target, "/a?b");
  EXPECT_EQ(good("GET http://a HTTP/1.1\r\nHost: b\r\n\r\n").target, "/");
}

TEST(Framing, NoticesACompressedBody) {
  const auto with_coding = [](const std::string& lines) { return "GET / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n"; };

  EXPECT_TRUE(good(with_coding("Content-Encoding: gzip\r\n")).compressed);
  EXPECT_TRUE(good(with_coding("Content-Encoding: br\r\nContent-Encoding: identity\r\n")).compressed);
  EXPECT_FALSE(good(with_coding("Content-Encoding: Identity\r\n")).compressed);
  EXPECT_FALSE(good(with_coding("Accept-Encoding: gzip\r\n")).compressed);
}

TEST(Framing, AnHttp10ClientExpectsNoInterimAnswer) {
  EXPECT_TRUE(good("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n\r\n").expects_continue);
  EXPECT_FALSE(good("POST / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n").expects_continue);
}

TEST(Framing, LimitsTheTarget) {
  const auto with_target = [](std::size_t size) {
    return "GET /" + std::string(size - 1, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  };

  EXPECT_EQ(good(with_target(100), {.target_bytes = 100}).target.size(), 100U);
  EXPECT_EQ(refusal(with_target(101), {.target_bytes = 100}), Code::uri_too_long);
}

TEST(Framing, RefusesALongTargetBeforeItsEndHasCome) {
  EXPECT_EQ(refusal("GET /" + std::string(200, 'a'), {.target_bytes = 100}), Code::uri_too_long);
}

TEST(Framing, LimitsTheBytesOfAHead) {
  const std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

  EXPECT_EQ(good(bytes, {.bytes = bytes.size()}).size, bytes.size());
  EXPECT_EQ(refusal(bytes, {.bytes = bytes.size() - 1}), Code::headers_too_large);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nX: " + std::string(100, 'a'), {.bytes = 100}), Code::headers_too_large);
}

TEST(Framing, LimitsTheLinesOfAHead) {
  const std::string two = "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n\r\n";

  good(two, {.lines = 2});
  EXPECT_EQ(refusal(two, {.lines = 1}), Code::headers_too_large);
}

TEST(Framing, LimitsOneHeaderLine) {
  const std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(17, 'a') + "\r\n\r\n";

  good(bytes, {.line_bytes = 20});
  EXPECT_EQ(refusal(bytes, {.line_bytes = 19}), Code::headers_too_large);
}

// A head that is cut into `cuts` and comes bit by bit must be what it is in one piece.
TEST(Framing, SaysTheSameHoweverTheBytesAreCut) {
  const std::vector<std::string> heads = {"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
                                          "GET / HTTP/1.1\r\nHost: a\nX: 1\r\n\r\n",
                                          "GET / HTTP/1.1\r\n folded\r\n\r\n",
                                          "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
                                          "\n",
                                          "GET / HTTP/1.1\r\n\r\r\n\r\n",
                                          "GET / HTTP/1.1\r\n\r\n"};
  for (const std::string& bytes : heads) {
    const auto whole = read(bytes);
    std::size_t searched = 0;
    auto bit_by_bit = read_head("", {}, searched);
    for (std::size_t size = 1; size <= bytes.size() && bit_by_bit && !*bit_by_bit; ++size) {
      bit_by_bit = read_head(std::string_view(bytes).substr(0, size), {}, searched);
    }

    ASSERT_EQ(static_cast<bool>(bit_by_bit), static_cast<bool>(whole)) << bytes;
    if (whole) continue;
    EXPECT_EQ(bit_by_bit.error().code, whole.error().code) << bytes;
  }
}

}  // namespace
}  // namespace pais::http
