// The keys and values that a Redis is shared by: with the Python server, other agents, and many sessions.
#include <algorithm>
#include <string>

#include "gmock/gmock.h"

#include "memory/event_page.h"
#include "redis_memory_fixture.h"
#include "store_under_test.h"

namespace pais::memory {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class RedisLayout : public RedisMemoryFixture {};

// --- the layout ---

TEST_F(RedisLayout, WritesTheKeysOfThePythonServer) {
  const auto memory = open();
  remember(*memory, "monday", "hello", "hi");

  const auto session = memory->session("monday");
  ASSERT_TRUE(session && *session);
  EXPECT_EQ(tell({"HGET", key("session:monday"), "session_id"}).text, "monday");
  EXPECT_EQ(tell({"HGET", key("session:monday"), "user_id"}).text, "user");
  EXPECT_EQ(tell({"HGET", key("session:monday"), "app_name"}).text, "agent");
  EXPECT_EQ(tell({"HGET", key("session:monday"), "agent"}).text, "ada");
  EXPECT_EQ(tell({"HGET", key("session:monday"), "created_at"}).text, iso_time((*session)->created_at));
  EXPECT_EQ(tell({"HGET", key("session:monday"), "updated_at"}).text, iso_time((*session)->updated_at));
  EXPECT_THAT(
      list("events:monday"),
      ElementsAre(AllOf(HasSubstr(R"("event_type":"user_message","content":"hello","metadata":{"run_id":"run_)")),
                  HasSubstr(R"("event_type":"agent_response","content":"hi")")));
  EXPECT_THAT(tell({"ZSCORE", key("sessions"), "monday"}).text, testing::MatchesRegex("[0-9]{10}\\.[0-9]+"));
  for (const char* name : {"session:monday", "events:monday"}) {
    const auto left = tell({"TTL", key(name)}).number;
    EXPECT_GT(left, 86'000) << name;
    EXPECT_LE(left, 86'400) << name;
  }
  EXPECT_EQ(tell({"TTL", key("sessions")}).number, -1);
  EXPECT_EQ(tell({"EXISTS", key("lease:monday")}).number, 0);
}

TEST_F(RedisLayout, GoesOnWithASessionOfThePythonServer) {
  put_session("monday", {event("00000001", "user_message", R"("one")"), event("00000002", "agent_response", R"("1")"),
                         event("00000003", "tool_call", R"({"tool": "add", "arguments": "{\"event_type\": 1}"})"),
                         event("00000004", "user_message", R"("broken")"), event("00000005", "error", R"("Oh.")"),
                         event("00000006", "task_delegation_received", R"("two")"),
                         event("00000007", "agent_response", R"("2")")});
  const auto memory = open();

  Turn turn = open_turn(*memory, "monday", "three");

  EXPECT_THAT(lines(turn.history), ElementsAre("user: one", "assistant: 1", "user: two", "assistant: 2"));
  answer(*memory, std::move(turn), "3");
  EXPECT_THAT(stored(*memory, "monday"), SizeIs(9));
  EXPECT_EQ(tell({"HGET", key("session:monday"), "created_at"}).text, "2026-11-20T20:27:27.987679+00:00");
  EXPECT_EQ(tell({"HEXISTS", key("session:monday"), "agent"}).number, 0);
}

TEST_F(RedisLayout, SkipsWhatIsNoEventAndWhatIsThereTwice) {
  const std::string one = event("00000001", "user_message", R"("one")");
  put_session("monday", {one, "not JSON", "[]", one, event("00000002", "agent_response", R"("1")")});
  const auto memory = open();

  testing::internal::CaptureStdout();
  const auto events = stored(*memory, "monday");
  const std::string log = testing::internal::GetCapturedStdout();

  EXPECT_THAT(events, ElementsAre("user_message \"one\"", "agent_response \"1\""));
  EXPECT_THAT(log, HasSubstr("2 stored events cannot be read"));
  EXPECT_THAT(history(*memory, "monday"), ElementsAre("user: one", "assistant: 1"));
}

TEST_F(RedisLayout, DropsSessionsThatHaveExpiredFromTheIndex) {
  const auto memory = open();
  remember(*memory, "monday", "hello");
  remember(*memory, "tuesday", "hello");
  tell({"DEL", key("session:monday"), key("events:monday")});

  EXPECT_THAT(session_ids(*memory), ElementsAre("tuesday"));

  EXPECT_EQ(tell({"ZCARD", key("sessions")}).number, 1);
}

TEST_F(RedisLayout, DoesNotCountSessionsThatHaveExpired) {
  RedisOptions small = options();
  small.max_sessions = 2;
  const auto memory = open(small);
  remember(*memory, "monday", "hello");
  remember(*memory, "tuesday", "hello");
  tell({"DEL", key("session:monday"), key("events:monday")});

  remember(*memory, "wednesday", "hello");

  EXPECT_THAT(session_ids(*memory), ElementsAre("tuesday", "wednesday"));
}

TEST_F(RedisLayout, RenewsTheTimeASessionHasToLive) {
  const auto memory = open();
  remember(*memory, "monday", "hello");
  tell({"EXPIRE", key("session:monday"), "10"});
  tell({"EXPIRE", key("events:monday"), "10"});

  remember(*memory, "monday", "hello again");

  EXPECT_GT(tell({"TTL", key("session:monday")}).number, 86'000);
  EXPECT_GT(tell({"TTL", key("events:monday")}).number, 86'000);
}

// --- many agents ---

TEST_F(RedisLayout, ListsItsOwnSessionsAndThoseOfNobody) {
  RedisOptions other = options();
  other.agent = "grace";
  const auto ada = open();
  const auto grace = open(other);
  put_session("old", {event("00000001", "user_message", R"("one")")});
  remember(*ada, "of ada", "hello");
  remember(*grace, "of grace", "hello");

  EXPECT_THAT(session_ids(*ada), ElementsAre("old", "of ada"));
  EXPECT_THAT(session_ids(*grace), ElementsAre("old", "of grace"));
  EXPECT_EQ(ada->stats()->events, 3U);
}

TEST_F(RedisLayout, ForgetsOnlyItsOwnSessionsAndThoseOfNobodyWhenFull) {
  RedisOptions small = options();
  small.max_sessions = 2;
  RedisOptions other = options();
  other.agent = "grace";
  const auto ada = open(small);
  const auto grace = open(other);
  put_session("old", {});
  remember(*grace, "of grace", "hello");
  remember(*ada, "monday", "hello");

  remember(*ada, "tuesday", "hello");

  EXPECT_THAT(session_ids(*ada), ElementsAre("monday", "tuesday"));
  EXPECT_THAT(session_ids(*grace), ElementsAre("of grace"));
}

TEST_F(RedisLayout, ListsThousandsOfSessionsInPages) {
  const auto memory = open();
  for (int i = 0; i < 1200; ++i) put_session("session " + std::to_string(i), {}, std::to_string(i / 700));

  std::vector<std::string> all;
  SessionQuery query{.limit = 350};
  do {
    const auto page = memory->sessions(query);
    ASSERT_TRUE(page);
    all.insert(all.end(), page->ids.begin(), page->ids.end());
    query.after = page->next;
  } while (!query.after.empty());

  EXPECT_EQ(all, session_ids(*memory));
  std::sort(all.begin(), all.end());
  EXPECT_THAT(all, SizeIs(1200));
  EXPECT_EQ(std::unique(all.begin(), all.end()), all.end());
}

// --- large stores ---

TEST_F(RedisLayout, ReadsALongConversationInParts) {
  const auto memory = open({.url = server_.url(), .prefix = prefix_, .agent = "ada", .max_session_events = 2000});
  ASSERT_TRUE(memory->create_session({.session_id = "monday"}));
  for (int i = 0; i < 10; ++i) {
    std::vector<MemoryEvent> events;
    for (int n = 0; n < 105; ++n) events.push_back(note(EventType::user_message, std::to_string(i * 105 + n)));
    ASSERT_TRUE(memory->add_events("monday", std::move(events)));
  }

  const auto all = memory->events("monday", {});

  ASSERT_TRUE(all);
  ASSERT_THAT(*all, SizeIs(1050));
  for (std::size_t i = 0; i < all->size(); ++i) ASSERT_EQ((*all)[i].content.text, std::to_string(i));
  EXPECT_THAT(stored(*memory, "monday", {.limit = 1, .after = (*all)[3].event_id}), ElementsAre("user_message \"4\""));
  EXPECT_THAT(stored(*memory, "monday", {.limit = 1, .before = (*all)[3].event_id}), ElementsAre("user_message \"2\""));
}

TEST_F(RedisLayout, ReadsNoMoreThanAPageNeeds) {
  TurningClock clock;
  RedisOptions with_clock = options();
  with_clock.clock = &clock;
  const auto memory = open(with_clock);
  for (int i = 0; i < 30; ++i) {
    clock.turn(std::chrono::hours(1));
    for (int turn = 0; turn < 3; ++turn) {
      remember(*memory, "session " + std::to_string(i), std::string(10'000, 'x'));
    }
  }
  const auto sent = [&] {
    const std::string facts = tell({"INFO", "stats"}).text;
    return std::stoll(facts.substr(facts.find("total_net_output_bytes:") + 23));
  };
  const auto before = sent();

  const auto page = event_page(*memory, {}, {.limit = 6}, {});

  ASSERT_TRUE(page);
  EXPECT_THAT(page->events, SizeIs(6));
  EXPECT_NE(page->next, "");
  // Of the 900 KB that are there, those of the two sessions that were active last.
  EXPECT_LT(sent() - before, 100'000);
}

}  // namespace
}  // namespace pais::memory
