#include "http/chunked.h"

#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"

namespace pais::http {
namespace {

struct Outcome {
  bool done = false;
  std::string body = {};
  std::size_t used = 0;
  std::optional<Code> code = {};

  bool operator==(const Outcome&) const = default;
};

// Feeds `bytes` in pieces of `piece` bytes.
Outcome read(std::string_view bytes, std::size_t limit = 0, std::size_t piece = std::string_view::npos) {
  ChunkedReader chunks(limit);
  Outcome outcome;
  while (!bytes.empty() && !chunks.done()) {
    const auto used = chunks.feed(bytes.substr(0, piece), outcome.body);
    if (!used) {
      outcome.code = used.error().code;
      return outcome;
    }
    outcome.used += *used;
    bytes.remove_prefix(*used);
  }
  outcome.done = chunks.done();
  return outcome;
}

TEST(ChunkedReader, JoinsTheChunks) {
  const auto outcome = read("5\r\nhello\r\n1\r\n,\r\n6\r\n world\r\n0\r\n\r\n");

  EXPECT_TRUE(outcome.done);
  EXPECT_EQ(outcome.body, "hello, world");
}

TEST(ChunkedReader, TakesApartWhatIsWrittenHere) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{15}, std::size_t{16}, std::size_t{70'000}}) {
    const std::string payload(size, 'x');

    const auto outcome = read(as_chunk(payload) + as_chunk("y") + "0\r\n\r\n");

    EXPECT_TRUE(outcome.done);
    EXPECT_EQ(outcome.body, payload + "y");
  }
}

TEST(ChunkedReader, StopsAtTheEndOfTheBody) {
  const std::string body = "1\r\na\r\n0\r\n\r\n";

  const auto outcome = read(body + "GET / HTTP/1.1\r\n");

  EXPECT_TRUE(outcome.done);
  EXPECT_EQ(outcome.used, body.size());
}

TEST(ChunkedReader, TakesHexInBothCases) {
  EXPECT_EQ(read("a\r\n0123456789\r\n0\r\n\r\n").body, "0123456789");
  EXPECT_EQ(read("0A\r\n0123456789\r\n0\r\n\r\n").body, "0123456789");
}

TEST(ChunkedReader, DropsExtensionsAndTrailers) {
  const auto outcome = read("1;a=\"b;c\";d\r\nx\r\n0;last\r\nX-Sum: 1\r\nX-More: 2\r\n\r\nrest");

  EXPECT_TRUE(outcome.done);
  EXPECT_EQ(outcome.body, "x");
}

TEST(ChunkedReader, RefusesWhatIsNotPlainlyAChunk) {
  const std::vector<std::string> bodies = {
      "\r\n",
      "\n",
      "g\r\n",
      "-1\r\nx\r\n",
      "+1\r\nx\r\n",
      " 1\r\nx\r\n",
      "1 \r\nx\r\n",
      "0x1\r\nx\r\n",
      ";a\r\n",
      "1\nx\r\n",
      "1\r\rx",
      "1\r\nxy\r\n",
      "1\r\nx\n0\r\n\r\n",
      "1\r\nx\r0\r\n\r\n",
      "1;a\nb\r\nx\r\n",
      std::string("1;a\0b\r\nx\r\n", 10),
      "0\r\nX: a\nY: b\r\n\r\n",
      "0\r\n\r\r\n",
      std::string("0\r\nX: \0\r\n\r\n", 11),
      "fffffffffffffffff\r\nx\r\n",
      "10000000000000000\r\nx\r\n",
      "0000000000000000\r\n\r\n",
  };
  for (const std::string& body : bodies) EXPECT_EQ(read(body).code, Code::bad_request) << testing::PrintToString(body);
}

TEST(ChunkedReader, LimitsTheBodyBeforeItIsThere) {
  EXPECT_EQ(read("5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n", 10).body, "helloworld");
  EXPECT_EQ(read("b\r\n", 10).code, Code::payload_too_large);
  EXPECT_EQ(read("5\r\nhello\r\n6\r\n", 10).code, Code::payload_too_large);
  EXPECT_EQ(read("fffffffffffffff\r\n", 10).code, Code::payload_too_large);
  EXPECT_EQ(read("5\r\nhello\r\nfffffffffffffff\r\n", 10).code, Code::payload_too_large);
}

TEST(ChunkedReader, LimitsExtensionsAndTrailers) {
  EXPECT_EQ(read("1;" + std::string(300, 'a') + "\r\n").code, Code::bad_request);
  EXPECT_EQ(read("0\r\nX: " + std::string(10'000, 'a')).code, Code::headers_too_large);

  std::string many = "0\r\n";
  for (int i = 0; i < 5'000; ++i) many += "a:\r\n";
  EXPECT_EQ(read(many).code, Code::headers_too_large);
}

TEST(ChunkedReader, ReadsTheSameHoweverTheBytesAreCut) {
  const std::vector<std::string> bodies = {"5;x=y\r\nhello\r\n3\r\n\r\n0\r\n0\r\nA: b\r\n\r\nGET /", "5\r\nhello\r\nz",
                                           "1\r\nab", "0\r\n\r\n0\r\n\r\n", "c\r\n0\r\n\r\nGET / H\r\n0\r\n\r\n"};
  for (const std::string& body : bodies) {
    const Outcome whole = read(body, 100);
    for (const std::size_t piece : {1, 2, 3, 7}) {
      Outcome cut = read(body, 100, piece);
      if (whole.code) cut.body = whole.body, cut.used = whole.used;  // how far it came before the error may differ
      EXPECT_EQ(cut, whole) << testing::PrintToString(body) << " in pieces of " << piece;
    }
  }
}

}  // namespace
}  // namespace pais::http
