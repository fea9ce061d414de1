#include "load/answer_reader.h"

#include <string>

#include "gtest/gtest.h"

namespace pais::bench {
namespace {

using State = AnswerReader::State;

class Collected : public BodySink {
 public:
  void take(std::string_view bytes) override { text += bytes; }
  std::string text;
};

constexpr std::string_view kCounted = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
constexpr std::string_view kChunked =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: z\r\n\r\n";

TEST(AnswerReader, FindsTheEndOfACountedAnswer) {
  AnswerReader reader;
  Collected body;

  const auto state = reader.feed(kCounted, &body);

  EXPECT_EQ(state, State::whole);
  EXPECT_EQ(reader.status(), 200);
  EXPECT_EQ(body.text, "hello");
}

TEST(AnswerReader, FindsTheEndOfAChunkedAnswer) {
  AnswerReader reader;
  Collected body;

  const auto state = reader.feed(kChunked, &body);

  EXPECT_EQ(state, State::whole);
  EXPECT_EQ(body.text, "hello0123456789");
}

TEST(AnswerReader, ReadsTheSameWhereverTheBytesAreCut) {
  for (const auto answer : {kCounted, kChunked}) {
    for (std::size_t cut = 1; cut < answer.size(); ++cut) {
      AnswerReader reader;
      Collected body;

      const auto first = reader.feed(answer.substr(0, cut), &body);
      const auto second = reader.feed(answer.substr(cut), &body);

      EXPECT_EQ(first, State::more) << "cut at " << cut;
      EXPECT_EQ(second, State::whole) << "cut at " << cut;
      EXPECT_TRUE(body.text.starts_with("hello")) << "cut at " << cut;
    }
  }
}

TEST(AnswerReader, ReadsOneAnswerAfterTheOther) {
  AnswerReader reader;
  ASSERT_EQ(reader.feed("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", nullptr), State::whole);
  ASSERT_EQ(reader.status(), 404);

  const auto state = reader.feed(kCounted, nullptr);

  EXPECT_EQ(state, State::whole);
  EXPECT_EQ(reader.status(), 200);
}

TEST(AnswerReader, TakesTheEndOfTheConnectionForTheEndOfAnAnswerThatHasNoOther) {
  AnswerReader reader;
  ASSERT_EQ(reader.feed("HTTP/1.0 200 OK\r\n\r\nhello", nullptr), State::more);

  EXPECT_EQ(reader.end_of_connection(), State::whole);
  EXPECT_TRUE(reader.closes());
}

TEST(AnswerReader, CallsACountedAnswerThatEndsEarlyBroken) {
  AnswerReader reader;
  ASSERT_EQ(reader.feed(kCounted.substr(0, kCounted.size() - 1), nullptr), State::more);

  EXPECT_EQ(reader.end_of_connection(), State::broken);
}

TEST(AnswerReader, CallsBytesThatNobodyAskedForBroken) {
  AnswerReader reader;

  EXPECT_EQ(reader.feed(std::string(kCounted) + "HTTP/1.1 200 OK", nullptr), State::broken);
}

TEST(AnswerReader, NoticesThatTheServerWillClose) {
  AnswerReader reader;

  ASSERT_EQ(reader.feed("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", nullptr), State::whole);

  EXPECT_TRUE(reader.closes());
}

}  // namespace
}  // namespace pais::bench
