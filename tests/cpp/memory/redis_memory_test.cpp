// What only a Redis has: turns on many hosts, turns in one round trip, and a way there that can be lost.
#include "memory/redis_memory.h"

#include <memory>
#include <sstream>
#include <string>

#include "gmock/gmock.h"

#include "base/ids.h"
#include "redis_memory_fixture.h"
#include "store_under_test.h"
#include "support/eventually.h"

namespace pais::memory {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

class RedisMemoryTest : public RedisMemoryFixture {};

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
  EXPECT_TRUE(test::eventually([&] { return !open_turn(*memory, "monday", "hello").busy_for; }));
}

TEST_F(RedisMemoryTest, KeepsALeaseAsLongAsTheTurnRuns) {
  RedisOptions brief = options();
  brief.lease = std::chrono::milliseconds(900);
  const auto memory = open(brief);
  const Turn turn = open_turn(*memory, "monday", "think hard");
  const std::string token = tell({"GET", key("lease:monday")}).text;

  for (int renewals = 0; renewals < 3; ++renewals) {
    std::int64_t left = 900;
    ASSERT_TRUE(test::eventually([&] {
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
                           key("agent:ada"),
                           key("lease:monday"),
                           "monday",
                           "2026-11-20T20:27:28.000001+00:00",
                           "1000",
                           "86400",
                           "500",
                           "ada",
                           token,
                           "",
                           prompt,
                           reply};
  RedisCommand eval{"EVAL", script_text(RedisScript::close_turn), "5"};
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
                          key("agent:ada"),
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
  RedisCommand eval{"EVAL", script_text(RedisScript::open_turn), "5"};
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

TEST_F(RedisMemoryTest, SaysHowManyEventsOfADeletedSessionAreNotKept) {
  const auto memory = open();
  Turn turn = open_turn(*memory, "monday", "my secret");
  ASSERT_TRUE(memory->delete_session("monday"));
  testing::internal::CaptureStdout();

  answer(*memory, std::move(turn), "hush");

  EXPECT_THAT(testing::internal::GetCapturedStdout(),
              AllOf(HasSubstr("\"monday\" was deleted while a turn of it ran: 2 events are not kept"),
                    Not(HasSubstr("secret"))));
}

TEST_F(RedisMemoryTest, DropsTheEndOfATurnAlsoWhenTheSessionBegunAnewIsQuietAgain) {
  const auto here = open();
  const auto there = open();
  Turn turn = open_turn(*here, "monday", "my secret");
  ASSERT_TRUE(*there->delete_session("monday"));
  remember(*there, "monday", "hello", "hi");

  answer(*here, std::move(turn), "hush");

  EXPECT_THAT(stored(*there, "monday"), ElementsAre("user_message \"hello\"", "agent_response \"hi\""));
}

// --- sessions made for one turn ---

class RedisFreshTurn : public RedisMemoryFixture {
 protected:
  RedisFreshTurn() {
    RedisOptions lenient = options();
    lenient.strict = false;
    memory_ = open(lenient);
  }

  Turn open_fresh(const std::string& session_id = "new") {
    TurnOpening fresh = opening(session_id, "hello", new_run_id());
    fresh.wants_history = fresh.serial = false;
    fresh.fresh = true;
    return open_turn(*memory_, fresh);
  }

  std::unique_ptr<Memory> memory_;
};

TEST_F(RedisFreshTurn, IsWrittenInOneRoundTrip) {
  answer(*memory_, open_fresh("the first"), "hi");  // looks at the limit, too
  const auto scripts = [&] {
    const std::string facts = tell({"INFO", "commandstats"}).text;
    return std::stoll(facts.substr(facts.find("cmdstat_evalsha:calls=") + 22));
  };
  const auto before = scripts();

  answer(*memory_, open_fresh(), "hi");

  EXPECT_EQ(scripts() - before, 1);
  EXPECT_THAT(stored(*memory_, "new"), ElementsAre("user_message \"hello\"", "agent_response \"hi\""));
}

TEST_F(RedisFreshTurn, ShowsItsPromptWhenItTakesItsTime) {
  Turn turn = open_fresh();

  EXPECT_TRUE(test::eventually([&] { return list("events:new").size() == 1; }));

  answer(*memory_, std::move(turn), "hi");
  EXPECT_THAT(stored(*memory_, "new"), ElementsAre("user_message \"hello\"", "agent_response \"hi\""));
}

TEST_F(RedisFreshTurn, KeepsItsPromptWhenItIsDropped) {
  { const Turn dropped = open_fresh(); }

  EXPECT_TRUE(test::eventually([&] { return list("events:new").size() == 1; }));
}

TEST_F(RedisFreshTurn, KeepsItsPromptWhenTheMemoryIsClosedAtOnce) {
  { const Turn dropped = open_fresh(); }

  memory_->close();

  EXPECT_THAT(list("events:new"), SizeIs(1));
}

TEST_F(RedisFreshTurn, IsNotRememberedWhenItsSessionWasDeletedBeforeItWasWritten) {
  Turn turn = open_fresh();
  ASSERT_TRUE(memory_->delete_session("new"));

  answer(*memory_, std::move(turn), "hi");

  EXPECT_EQ(tell({"EXISTS", key("session:new"), key("events:new")}).number, 0);
}

TEST_F(RedisFreshTurn, IsNotRememberedWhenItsSessionWasDeletedAfterItsPromptWasWritten) {
  Turn turn = open_fresh();
  ASSERT_TRUE(test::eventually([&] { return list("events:new").size() == 1; }));
  ASSERT_TRUE(memory_->delete_session("new"));

  answer(*memory_, std::move(turn), "hi");

  EXPECT_EQ(tell({"EXISTS", key("session:new"), key("events:new")}).number, 0);
}

TEST_F(RedisFreshTurn, CountsAsASession) {
  RedisOptions small = options();
  small.strict = false;
  small.max_sessions = 3;
  memory_ = open(small);
  for (const char* day : {"monday", "tuesday", "wednesday", "thursday"}) answer(*memory_, open_fresh(day), "hi");

  EXPECT_THAT(session_ids(*memory_), ElementsAre("tuesday", "wednesday", "thursday"));
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
  // Those that have made a call: one that is just being opened would be a Redis that refuses us.
  std::istringstream clients(tell({"CLIENT", "LIST"}).text);
  for (std::string client; std::getline(clients, client);) {
    const bool is_idle = client.find(" cmd=evalsha ") != client.npos || client.find(" cmd=ping ") != client.npos;
    if (is_idle) tell({"CLIENT", "KILL", "ID", client.substr(3, client.find(' ') - 3)});
  }

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
