#include "http/sse.h"

#include <vector>

#include "gmock/gmock.h"

namespace pais::http {
namespace {

using namespace std::string_view_literals;
using testing::ElementsAre;
using testing::IsEmpty;

// "event|data|id" of each event.
std::vector<std::string> events(SseReader& reader, std::string_view bytes) {
  std::vector<std::string> seen;
  reader.feed(bytes, [&](const SseEvent& event) {
    seen.push_back(event.event + "|" + event.data + "|" + event.id);
    return true;
  });
  return seen;
}

std::vector<std::string> events(std::string_view bytes) {
  SseReader reader;
  return events(reader, bytes);
}

TEST(SseReader, ReadsEventsWithEveryLineEnd) {
  EXPECT_THAT(events("data: a\n\ndata: b\r\n\r\ndata: c\r\rdata: d\r\n\n"), ElementsAre("|a|", "|b|", "|c|", "|d|"));
}

TEST(SseReader, JoinsTheLinesOfOneEvent) {
  EXPECT_THAT(events("data: a\ndata:b\ndata\ndata:  c\n\n"), ElementsAre("|a\nb\n\n c|"));
}

TEST(SseReader, SkipsCommentsUnknownFieldsAndEventsWithoutData) {
  EXPECT_THAT(events(": ping\nfoo: bar\nevent: nothing\n\ndata: x\n\n\n\n"), ElementsAre("|x|"));
}

TEST(SseReader, RemembersTheLastId) {
  EXPECT_THAT(events("id: 7\ndata: a\n\ndata: b\n\nid: 8\0\ndata: c\n\nid\ndata: d\n\n"sv),
              ElementsAre("|a|7", "|b|7", "|c|7", "|d|"));
}

TEST(SseReader, SkipsAByteOrderMarkAtTheStartOnly) {
  EXPECT_THAT(events("\xEF\xBB\xBF"
                     "data: a\n\n\xEF\xBB\xBF"
                     "data: b\n\n"),
              ElementsAre("|a|"));
}

TEST(SseReader, ReadsTheSameHoweverTheBytesAreCut) {
  const std::string_view stream =
      "\xEF\xBB\xBF: hi\r\nevent: e\r\ndata: gr\xC3\xBC\xC3\x9F\rdata: 2\n\nid: 1\r\ndata:x\r\n\r\nretry: 5\n\r\r";
  const auto whole = events(stream);
  ASSERT_THAT(whole, ElementsAre("e|gr\xC3\xBC\xC3\x9F\n2|", "|x|1"));

  for (std::size_t first = 0; first <= stream.size(); ++first) {
    for (std::size_t second = first; second <= stream.size(); ++second) {
      SseReader reader;
      auto seen = events(reader, stream.substr(0, first));
      for (auto& event : events(reader, stream.substr(first, second - first))) seen.push_back(event);
      for (auto& event : events(reader, stream.substr(second))) seen.push_back(event);
      ASSERT_EQ(seen, whole) << "cut at " << first << " and " << second;
    }
  }
}

TEST(SseReader, GivesAnEventWithTheByteThatEndsIt) {
  SseReader reader;

  EXPECT_THAT(events(reader, "data: a\r\n\r"), ElementsAre("|a|"));
  EXPECT_THAT(events(reader, "\ndata: b\n\n"), ElementsAre("|b|"));
}

TEST(SseReader, KeepsAHalfEventToItself) {
  EXPECT_THAT(events("data: a\n"), IsEmpty());
}

TEST(SseReader, StopsWhenToldTo) {
  SseReader reader;
  int seen = 0;

  const bool went_on = reader.feed("data: a\n\ndata: b\n\n", [&](const SseEvent&) { return ++seen < 1; });

  EXPECT_FALSE(went_on);
  EXPECT_EQ(seen, 1);
  EXPECT_FALSE(reader.overflowed());
}

TEST(SseReader, TellsTheRetryTime) {
  SseReader reader;

  events(reader, "retry: 1500\n\nretry: soon\n\nretry: -1\n\n");

  EXPECT_EQ(reader.retry(), std::chrono::milliseconds(1500));
}

TEST(SseReader, GivesUpOnALineThatIsTooLong) {
  SseReader reader(64);
  const std::string piece(40, 'x');

  EXPECT_TRUE(reader.feed("data: " + piece, [](const SseEvent&) { return true; }));
  EXPECT_FALSE(reader.feed(piece, [](const SseEvent&) { return true; }));
  EXPECT_TRUE(reader.overflowed());
  EXPECT_FALSE(reader.feed("\n\n", [](const SseEvent&) { return true; }));
}

TEST(SseReader, GivesUpOnAnEventThatIsTooLong) {
  SseReader reader(64);
  int seen = 0;

  for (int i = 0; i < 10; ++i) {
    reader.feed("data: 0123456789\n", [&](const SseEvent&) { return ++seen > 0; });
  }

  EXPECT_TRUE(reader.overflowed());
  EXPECT_EQ(seen, 0);
}

TEST(SseReader, TakesAnyNumberOfEventsWithinTheLimit) {
  SseReader reader(64);
  int seen = 0;

  for (int i = 0; i < 1000; ++i) reader.feed("data: 0123456789\n\n", [&](const SseEvent&) { return ++seen > 0; });

  EXPECT_EQ(seen, 1000);
}

}  // namespace
}  // namespace pais::http
