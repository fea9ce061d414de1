#include "memory/event.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "base/clock.h"

namespace pais::memory {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

constexpr const char* kOfTheContract =
    R"({"event_id":"event_0123456789abcdef","timestamp":"2026-11-20T20:27:27.987679+00:00",)"
    R"("event_type":"user_message","content":"1+2?",)"
    R"("metadata":{"trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331","run_id":"run_0a"}})";

TEST(MemoryEvent, IsWrittenAsItWasRead) {
  const auto event = read_event(kOfTheContract);

  ASSERT_TRUE(event) << event.error().describe();
  EXPECT_EQ(event->type, EventType::user_message);
  EXPECT_EQ(event->content.text, "1+2?");
  EXPECT_EQ(event->mark.run_id, "run_0a");
  EXPECT_EQ(event_json(*event), kOfTheContract);
}

TEST(MemoryEvent, IsReadAsThePythonServerWritesIt) {
  const auto event = read_event(
      R"({"event_id": "event_1a2b3c4d", "timestamp": "2026-11-20T20:27:27+00:00", "event_type": "tool_call", )"
      R"("content": {"tool": "add", "arguments": "{\"a\": 1}"}, "metadata": {}})");

  ASSERT_TRUE(event) << event.error().describe();
  EXPECT_EQ(event->type, EventType::tool_call);
  EXPECT_EQ(content_json(*event), R"({"arguments":"{\"a\": 1}","tool":"add"})");
  EXPECT_EQ(metadata_json(*event), "{}");
  EXPECT_EQ(iso_time(event->timestamp), "2026-11-20T20:27:27.000000+00:00");
}

TEST(MemoryEvent, TakesATimeInZuluAndWithAnyFraction) {
  for (const char* time :
       {"2026-11-20T20:27:27.987679Z", "2026-11-20T20:27:27.9876791Z", "2026-11-20T21:27:27.987679+01:00"}) {
    const auto event =
        read_event(R"({"event_id":"e","event_type":"error","content":"","timestamp":")" + std::string(time) + R"("})");
    ASSERT_TRUE(event) << time;
    EXPECT_EQ(iso_time(event->timestamp), "2026-11-20T20:27:27.987679+00:00") << time;
  }
}

TEST(MemoryEvent, KeepsKindsAndMetadataItDoesNotKnow) {
  const std::string mood =
      R"({"event_id":"e","timestamp":"2026-11-20T20:27:27.000000+00:00","event_type":"mood","content":null,)"
      R"("metadata":{"run_id":"run_1","weather":{"sun":1},"wind":[2]}})";

  const auto event = read_event(mood);

  ASSERT_TRUE(event) << event.error().describe();
  EXPECT_EQ(event->type, EventType::custom);
  EXPECT_EQ(type_name(*event), "mood");
  EXPECT_EQ(event_json(*event), mood);
}

TEST(MemoryEvent, SaysWhatIsWrongWithABadOne) {
  const std::string time = R"("timestamp":"2026-11-20T20:27:27Z")";
  const std::pair<std::string, const char*> bad[] = {
      {"", "not JSON"},
      {"[]", "not an object"},
      {"{" + time + R"(,"event_type":"error"})", "event_id is missing"},
      {R"({"event_id":7,)" + time + R"(,"event_type":"error"})", "event_id is not a string"},
      {R"({"event_id":"",)" + time + R"(,"event_type":"error"})", "event_id is empty"},
      {R"({"event_id":"e",)" + time + "}", "event_type is missing"},
      {R"({"event_id":"e","event_type":"error"})", "timestamp is missing"},
      {R"({"event_id":"e","event_type":"error","timestamp":"yesterday"})", "timestamp is not a time"},
      {R"({"event_id":"e","event_type":"error",)" + time + R"(,"metadata":[]})", "metadata is not an object"},
      {R"({"event_id":"e","event_type":"error",)" + time + R"(,"content":)" + std::string(100, '[') +
           std::string(100, ']') + "}",
       "deeper than"},
  };
  for (const auto& [json, complaint] : bad) {
    const auto event = read_event(json);
    ASSERT_FALSE(event) << json;
    EXPECT_EQ(event.error().code, Code::malformed);
    EXPECT_THAT(event.error().cause, HasSubstr(complaint)) << json;
  }
}

TEST(MemoryEvent, HasAnIdOfItsOwnAndMicroseconds) {
  const MemoryEvent one = make_event(EventType::agent_response, {.text = "hi"});
  const MemoryEvent other = make_event(EventType::agent_response, {.text = "hi"});

  EXPECT_THAT(one.event_id, MatchesRegex("event_[0-9a-f]{16}"));
  EXPECT_NE(one.event_id, other.event_id);
  EXPECT_EQ(read_event(event_json(one))->timestamp, one.timestamp);
}

TEST(MemoryEvent, IsOneLineOfValidJsonWhateverItHolds) {
  MemoryEvent event = make_event(EventType::user_message, {.text = "two\nlines \"\\ \x01 and \xff\xfe bytes"});
  add_metadata(event, "note", "a\nb");

  const std::string line = event_json(event);

  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto again = read_event(line);
  ASSERT_TRUE(again) << again.error().describe();
  EXPECT_EQ(again->more_metadata, R"({"note":"a\nb"})");
}

TEST(MemoryEvent, CutsTheLongestMemberOfAnObject) {
  const std::string long_text(100'000, 'x');
  MemoryEvent event =
      make_event(EventType::tool_result, *json_content(R"({"result":")" + long_text + R"(","tool":"read"})"));

  const auto content = read_event(event_json(event));

  ASSERT_TRUE(content) << content.error().describe();
  EXPECT_LE(event.content.text.size(), kMaxContentBytes);
  EXPECT_GT(event.content.text.size(), kMaxContentBytes / 4);
  EXPECT_THAT(event.content.text, testing::EndsWith(R"(","tool":"read"})"));
  EXPECT_THAT(event.more_metadata, HasSubstr(R"("content.length":100027)"));
}

TEST(MemoryEvent, CutsAnyOtherJsonToText) {
  std::string numbers = "[0";
  while (numbers.size() < kMaxContentBytes * 2) numbers += ",12345";
  MemoryEvent event = make_event(EventType::tool_result, *json_content(numbers + "]"));

  EXPECT_FALSE(event.content.is_json);
  EXPECT_EQ(event.content.text, numbers.substr(0, kMaxContentBytes));
  EXPECT_TRUE(read_event(event_json(event)));
}

}  // namespace
}  // namespace pais::memory
