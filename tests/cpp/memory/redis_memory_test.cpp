// What only a Redis has: a layout that others share, other hosts, and other agents.
#include "memory/redis_memory.h"

#include <memory>
#include <string>

#include "gmock/gmock.h"

#include "base/ids.h"
#include "memory/event_page.h"
#include "redis_server.h"
#include "store_under_test.h"

namespace pais::memory {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::UnorderedElementsAre;

class RedisMemoryTest : public testing::Test {
 protected:
  RedisOptions options() const {
    return {.url = server_.url(),
            .prefix = prefix_,
            .agent = "ada",
            .strict = true,
            .time = std::chrono::seconds(20),
            .lease = std::chrono::seconds(60)};
  }

  static std::unique_ptr<Memory> open(const RedisOptions& options) {
    auto memory = redis_memory(options);
    EXPECT_TRUE(memory) << memory.error().describe();
    return memory ? std::move(*memory) : nullptr;
  }
  std::unique_ptr<Memory> open() const { return open(options()); }

  RedisReply tell(RedisCommand command) const { return server_.tell(command); }
  std::string key(const std::string& name) const { return prefix_ + ":" + name; }

  std::vector<std::string> list(const std::string& name) const {
    std::vector<std::string> texts;
    for (const auto& item : tell({"LRANGE", key(name), "0", "-1"}).items) texts.push_back(item.text);
    return texts;
  }

  // A session as the Python server writes it.
  void put_session(const std::string& id, const std::vector<std::string>& events, const std::string& score = "1000") {
    tell({"HSET", key("session:" + id), "session_id", id, "user_id", "user", "app_name", "agent", "created_at",
          "2026-11-20T20:27:27.987679+00:00", "updated_at", "2026-11-20T20:27:28.000001+00:00"});
    tell({"EXPIRE", key("session:" + id), "86400"});
    for (const auto& event : events) tell({"RPUSH", key("events:" + id), event});
    tell({"ZADD", key("sessions"), score, id});
  }

  static std::string event(const std::string& id, const std::string& type, const std::string& content) {
    return R"({"event_id": "event_)" + id + R"(", "timestamp": "2026-11-20T20:27:27.987679+00:00", "event_type": ")" +
           type + R"(", "content": )" + content + R"(, "metadata": {}})";
  }

  RedisServer& server_ = RedisServer::shared();
  const std::string prefix_ = "test:" + random_hex(12);
};

// --- large stores ---

TEST_F(RedisMemoryTest, ReadsALongConversationInParts) {
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

TEST_F(RedisMemoryTest, ReadsNoMoreThanAPageNeeds) {
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

// --- the layout ---

TEST_F(RedisMemoryTest, WritesTheKeysOfThePythonServer) {
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

TEST_F(RedisMemoryTest, GoesOnWithASessionOfThePythonServer) {
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

TEST_F(RedisMemoryTest, SkipsWhatIsNoEventAndWhatIsThereTwice) {
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

TEST_F(RedisMemoryTest, DropsSessionsThatHaveExpiredFromTheIndex) {
  const auto memory = open();
  remember(*memory, "monday", "hello");
  remember(*memory, "tuesday", "hello");
  tell({"DEL", key("session:monday"), key("events:monday")});

  EXPECT_THAT(session_ids(*memory), ElementsAre("tuesday"));

  EXPECT_EQ(tell({"ZCARD", key("sessions")}).number, 1);
}

TEST_F(RedisMemoryTest, DoesNotCountSessionsThatHaveExpired) {
  RedisOptions small = options();
  small.max_sessions = 2;
  const auto memory = open(small);
  remember(*memory, "monday", "hello");
  remember(*memory, "tuesday", "hello");
  tell({"DEL", key("session:monday"), key("events:monday")});

  remember(*memory, "wednesday", "hello");

  EXPECT_THAT(session_ids(*memory), ElementsAre("tuesday", "wednesday"));
}

TEST_F(RedisMemoryTest, RenewsTheTimeASessionHasToLive) {
  const auto memory = open();
  remember(*memory, "monday", "hello");
  tell({"EXPIRE", key("session:monday"), "10"});
  tell({"EXPIRE", key("events:monday"), "10"});

  remember(*memory, "monday", "hello again");

  EXPECT_GT(tell({"TTL", key("session:monday")}).number, 86'000);
  EXPECT_GT(tell({"TTL", key("events:monday")}).number, 86'000);
}

// --- many agents ---

TEST_F(RedisMemoryTest, ListsItsOwnSessionsAndThoseOfNobody) {
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

TEST_F(RedisMemoryTest, ForgetsOnlyItsOwnSessionsAndThoseOfNobodyWhenFull) {
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

TEST_F(RedisMemoryTest, ListsThousandsOfSessionsInPages) {
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

// --- many hosts ---

TEST_F(RedisMemoryTest, LetsOneHostAtATimeServeASession) {
  const auto here = open();
  const auto there = open();
  Turn turn = open_turn(*here, "monday", "hello");

  const Turn refused = open_turn(*there, "monday", "me, too");
  EXPECT_TRUE(refused.busy_for);
  EXPECT_THAT(stored(*there, "monday"), SizeIs(1));

  answer(*here, std::move(turn), "hi");
  const Turn next = open_turn(*there, "monday", "me, too");
  EXPECT_FALSE(next.busy_for);
  EXPECT_THAT(lines(next.history), ElementsAre("user: hello", "assistant: hi"));
}

TEST_F(RedisMemoryTest, LetsATurnPassThatDoesNotWait) {
  const auto here = open();
  const auto there = open();
  Turn turn = open_turn(*here, "monday", "hello");
  TurnOpening hop = opening("monday", "on behalf of you", "run_hop");
  hop.serial = false;

  answer(*there, open_turn(*there, hop), "done");
  answer(*here, std::move(turn), "hi");

  EXPECT_THAT(history(*here, "monday"),
              ElementsAre("user: hello", "user: on behalf of you", "assistant: done", "assistant: hi"));
}

TEST_F(RedisMemoryTest, FreesTheSessionOfAHostThatDied) {
  tell({"SET", key("lease:monday"), "run_of_a_dead_host", "PX", "300"});
  const auto memory = open();

  EXPECT_TRUE(open_turn(*memory, "monday", "hello").busy_for);
  EXPECT_TRUE(eventually([&] { return !open_turn(*memory, "monday", "hello").busy_for; }));
}

TEST_F(RedisMemoryTest, KeepsALeaseAsLongAsTheTurnRuns) {
  RedisOptions brief = options();
  brief.lease = std::chrono::milliseconds(900);
  const auto memory = open(brief);
  const Turn turn = open_turn(*memory, "monday", "think hard");
  const std::string token = tell({"GET", key("lease:monday")}).text;

  for (int renewals = 0; renewals < 3; ++renewals) {
    std::int64_t left = 900;
    ASSERT_TRUE(eventually([&] {
      const auto before = std::exchange(left, tell({"PTTL", key("lease:monday")}).number);
      return left > before;
    }));
    EXPECT_EQ(tell({"GET", key("lease:monday")}).text, token);
  }
}

TEST_F(RedisMemoryTest, NeverForgetsASessionThatAnotherHostIsServing) {
  RedisOptions small = options();
  small.max_sessions = 2;
  const auto here = open(small);
  const auto there = open(small);
  Turn turn = open_turn(*there, "monday", "think hard");

  for (int i = 0; i < 5; ++i) remember(*here, "session " + std::to_string(i), "hello");

  answer(*there, std::move(turn), "42");
  EXPECT_THAT(stored(*here, "monday"), SizeIs(2));
}

TEST_F(RedisMemoryTest, ClosesATurnOnceHoweverOftenItIsTold) {
  RedisServer& server = server_;
  const auto memory = open();
  Turn turn = open_turn(*memory, "monday", "hello");
  const std::string token = tell({"GET", key("lease:monday")}).text;
  const std::string prompt = list("events:monday").front();
  const std::string reply = event_json(note(EventType::agent_response, "hi", turn.mark.run_id));
  const RedisCommand close{key("session:monday"),
                           key("events:monday"),
                           key("sessions"),
                           key("lease:monday"),
                           "monday",
                           "2026-11-20T20:27:28.000001+00:00",
                           "1000",
                           "86400",
                           "500",
                           "ada",
                           token,
                           prompt,
                           reply};
  RedisCommand eval{"EVAL", script_text(RedisScript::close_turn), "4"};
  eval.insert(eval.end(), close.begin(), close.end());

  EXPECT_EQ(server.tell(eval).text, "closed");
  EXPECT_EQ(server.tell(eval).text, "closed");

  EXPECT_THAT(list("events:monday"), ElementsAre(prompt, reply));
}

TEST_F(RedisMemoryTest, OpensATurnOnceHoweverOftenItIsTold) {
  const auto memory = open();
  remember(*memory, "monday", "hello", "hi");
  const RedisCommand open{key("session:monday"),
                          key("events:monday"),
                          key("sessions"),
                          key("lease:monday"),
                          "monday",
                          "2026-11-20T20:27:28.000001+00:00",
                          "1000",
                          "86400",
                          "500",
                          "ada",
                          "run_9:token",
                          "60000",
                          event_json(note(EventType::user_message, "and now?", "run_9")),
                          "run_9",
                          "6"};
  RedisCommand eval{"EVAL", script_text(RedisScript::open_turn), "4"};
  eval.insert(eval.end(), open.begin(), open.end());

  const RedisReply first = tell(eval);
  const RedisReply second = tell(eval);

  EXPECT_THAT(first.items, SizeIs(4));
  EXPECT_THAT(second.items, SizeIs(4));
  EXPECT_THAT(list("events:monday"), SizeIs(3));
}

TEST_F(RedisMemoryTest, DropsTheEndOfATurnWhoseSessionWasBegunAnew) {
  const auto here = open();
  const auto there = open();
  Turn turn = open_turn(*here, "monday", "my secret");
  ASSERT_TRUE(*there->delete_session("monday"));
  Turn next = open_turn(*there, "monday", "hello");

  answer(*here, std::move(turn), "hush");
  answer(*there, std::move(next), "hi");

  EXPECT_THAT(stored(*there, "monday"), ElementsAre("user_message \"hello\"", "agent_response \"hi\""));
}

// --- the way there ---

TEST_F(RedisMemoryTest, BringsItsScriptsAgainWhenTheRedisHasForgottenThem) {
  const auto memory = open();
  remember(*memory, "monday", "hello");
  tell({"SCRIPT", "FLUSH"});

  remember(*memory, "monday", "hello again");

  EXPECT_THAT(stored(*memory, "monday"), SizeIs(4));
}

TEST_F(RedisMemoryTest, OpensAnotherConnectionWhenTheRedisHasClosedOne) {
  const auto memory = open();
  remember(*memory, "monday", "hello");
  tell({"CLIENT", "KILL", "TYPE", "normal"});

  remember(*memory, "monday", "hello again");

  EXPECT_THAT(stored(*memory, "monday"), SizeIs(4));
}

TEST_F(RedisMemoryTest, LogsInAndChoosesItsDatabase) {
  RedisServer server({"--requirepass", "se@cret"});
  RedisOptions locked = options();
  locked.url = "unix://:se%40cret@" + server.socket() + "?db=3";

  const auto memory = open(locked);

  remember(*memory, "monday", "hello");
  EXPECT_THAT(session_ids(*memory), ElementsAre("monday"));
}

TEST_F(RedisMemoryTest, LogsInByName) {
  tell({"ACL", "SETUSER", "ada", "on", ">lovelace", "~" + prefix_ + ":*", "+@all"});
  RedisOptions named = options();
  named.url = "unix://ada:lovelace@" + server_.socket();

  const auto memory = open(named);

  remember(*memory, "monday", "hello");
  EXPECT_THAT(session_ids(*memory), ElementsAre("monday"));
}

TEST_F(RedisMemoryTest, NeverTellsItsPassword) {
  RedisOptions wrong = options();
  wrong.url = "unix://ada:hunter2@" + server_.socket();

  testing::internal::CaptureStdout();
  const auto memory = redis_memory(wrong);
  const std::string log = testing::internal::GetCapturedStdout();

  ASSERT_FALSE(memory);
  EXPECT_EQ(memory.error().code, Code::memory_unavailable);
  EXPECT_THAT(memory.error().describe(), AllOf(HasSubstr("WRONGPASS"), Not(HasSubstr("hunter2"))));
  EXPECT_THAT(log, Not(HasSubstr("hunter2")));
}

TEST_F(RedisMemoryTest, RefusesAnAddressThatIsNone) {
  const auto memory = redis_memory({.url = "http://:hunter2@cache"});

  ASSERT_FALSE(memory);
  EXPECT_EQ(memory.error().code, Code::invalid_setting);
  EXPECT_THAT(memory.error().describe(), Not(HasSubstr("hunter2")));
}

TEST_F(RedisMemoryTest, TroublesNobodyElseWhenSomebodyTookOneOfItsKeys) {
  tell({"SET", key("events:monday"), "a text, not a list"});
  RedisOptions lenient = options();
  lenient.strict = false;
  const auto memory = open(lenient);

  const Turn turn = open_turn(*memory, "monday", "hello");

  EXPECT_FALSE(turn.remembered);
  EXPECT_TRUE(memory->reachable());
  remember(*memory, "tuesday", "hello");
  EXPECT_THAT(stored(*memory, "tuesday"), SizeIs(2));
}

}  // namespace
}  // namespace pais::memory
