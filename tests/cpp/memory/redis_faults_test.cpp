// A Redis that is away, comes back, stalls, is full, or is none: turns go on, and what was kept meanwhile is written.
#include <filesystem>
#include <memory>
#include <string>

#include "gmock/gmock.h"

#include "base/ids.h"
#include "own_redis.h"
#include "store_under_test.h"
#include "support/captured_log.h"
#include "support/eventually.h"
#include "support/raw_server.h"

namespace pais::memory {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class RedisFaults : public OwnRedis {};

TEST_F(RedisFaults, TurnsGoOnWithoutHistoryWhileItIsAway) {
  const auto memory = open();
  remember(*memory, "monday", "hello", "hi");
  server_.kill();

  Turn turn = open_turn(*memory, "monday", "anybody there?");

  EXPECT_FALSE(turn.remembered);
  EXPECT_THAT(turn.history, IsEmpty());
  EXPECT_FALSE(memory->reachable());
  answer(*memory, std::move(turn), "I am");
}

TEST_F(RedisFaults, TurnsOfTheMeantimeAreWrittenWhenItIsBack) {
  const auto memory = open();
  remember(*memory, "monday", "hello", "hi");
  server_.kill();
  remember(*memory, "monday", "anybody there?", "I am");
  remember(*memory, "tuesday", "me, too?", "yes");
  remember(*memory, "monday", "good", "is it?");

  server_.start();

  ASSERT_TRUE(comes_back(*memory));
  EXPECT_THAT(history(*memory, "monday"), ElementsAre("user: hello", "assistant: hi", "user: anybody there?",
                                                      "assistant: I am", "user: good", "assistant: is it?"));
  EXPECT_THAT(history(*memory, "tuesday"), ElementsAre("user: me, too?", "assistant: yes"));
}

TEST_F(RedisFaults, ATurnThatWasOpenIsClosedWhenItIsBack) {
  const auto memory = open();
  Turn turn = open_turn(*memory, "monday", "hello");
  server_.kill();
  answer(*memory, std::move(turn), "hi");

  server_.start();

  ASSERT_TRUE(comes_back(*memory));
  EXPECT_THAT(stored(*memory, "monday"), ElementsAre("user_message \"hello\"", "agent_response \"hi\""));
}

TEST_F(RedisFaults, ATurnThatWasOpenIsWholeAgainEvenIfEverythingIsLost) {
  const auto memory = open();
  Turn turn = open_turn(*memory, "monday", "hello");
  server_.tell({"FLUSHALL"});

  answer(*memory, std::move(turn), "hi");

  EXPECT_THAT(stored(*memory, "monday"), ElementsAre("user_message \"hello\"", "agent_response \"hi\""));
  EXPECT_THAT(session_ids(*memory), ElementsAre("monday"));
}

TEST_F(RedisFaults, ATurnThatWasOpenIsWholeAgainEvenIfEverythingIsLostAndAnotherIsRunning) {
  const auto here = open();
  const auto there = open();
  Turn turn = open_turn(*here, "monday", "hello");
  server_.tell({"FLUSHALL"});
  Turn other = open_turn(*there, "monday", "me, too");

  answer(*here, std::move(turn), "hi");
  answer(*there, std::move(other), "fine");

  EXPECT_THAT(stored(*there, "monday"), ElementsAre("user_message \"me, too\"", "user_message \"hello\"",
                                                    "agent_response \"hi\"", "agent_response \"fine\""));
}

TEST_F(RedisFaults, ATurnThatBeganWithoutItAfterADeletionIsWritten) {
  const auto memory = open();
  remember(*memory, "monday", "my secret", "hush");
  ASSERT_TRUE(memory->delete_session("monday"));
  server_.kill();
  remember(*memory, "monday", "hello", "hi");

  server_.start();

  ASSERT_TRUE(comes_back(*memory));
  EXPECT_THAT(stored(*memory, "monday"), ElementsAre("user_message \"hello\"", "agent_response \"hi\""));
  remember(*memory, "monday", "and now?", "fine");
  EXPECT_THAT(history(*memory, "monday"),
              ElementsAre("user: hello", "assistant: hi", "user: and now?", "assistant: fine"));
}

TEST_F(RedisFaults, ATurnThatBeganWithoutItBeforeADeletionIsDroppedAloud) {
  const auto memory = open();
  server_.kill();
  Turn turn = open_turn(*memory, "monday", "my secret");
  server_.start();
  ASSERT_TRUE(comes_back(*memory));
  ASSERT_TRUE(memory->delete_session("monday"));
  testing::internal::CaptureStdout();

  answer(*memory, std::move(turn), "hush");

  EXPECT_THAT(testing::internal::GetCapturedStdout(), HasSubstr("2 events are not kept"));
  EXPECT_THAT(stored(*memory, "monday"), IsEmpty());
}

// The deletion is by a host whose clock is a minute ahead: so it is younger than what is kept.
TEST_F(RedisFaults, ATurnThatWasKeptIsDroppedAloudWhenItsSessionWasDeletedAfterIt) {
  const auto memory = open();
  TurningClock ahead;
  ahead.turn(std::chrono::minutes(1));
  RedisOptions later = options();
  later.clock = &ahead;
  ASSERT_TRUE(open(later)->delete_session("monday"));
  server_.kill();
  testing::internal::CaptureStdout();
  remember(*memory, "monday", "my secret", "hush");

  server_.start();

  ASSERT_TRUE(comes_back(*memory));
  EXPECT_THAT(testing::internal::GetCapturedStdout(),
              HasSubstr("\"monday\" was deleted while a turn of it ran: 2 events"));
  EXPECT_THAT(stored(*memory, "monday"), IsEmpty());
}

TEST_F(RedisFaults, ATurnThatBeganInTheMeantimeIsWrittenWhole) {
  const auto memory = open();
  server_.kill();
  Turn turn = open_turn(*memory, "monday", "hello");
  server_.start();
  ASSERT_TRUE(comes_back(*memory));

  answer(*memory, std::move(turn), "hi");

  EXPECT_THAT(stored(*memory, "monday"), ElementsAre("user_message \"hello\"", "agent_response \"hi\""));
}

TEST_F(RedisFaults, SaysOnceThatItIsAwayAndOnceThatItIsBack) {
  testing::internal::CaptureStdout();
  const auto memory = open();
  server_.kill();
  for (int i = 0; i < 5; ++i) remember(*memory, "monday", "hello");
  server_.start();
  ASSERT_TRUE(comes_back(*memory));

  const std::string log = testing::internal::GetCapturedStdout();
  const auto count = [&](const std::string& text) {
    std::size_t times = 0;
    for (auto at = log.find(text); at != std::string::npos; at = log.find(text, at + 1)) ++times;
    return times;
  };
  EXPECT_EQ(count("is away, turns go on without history"), 1U) << log;
  EXPECT_EQ(count("is back"), 1U) << log;
}

// Nobody has asked it anything since it went: the turn finds out at its end.
TEST_F(RedisFaults, ATurnOfAFreshSessionIsWrittenWhenItIsBack) {
  const auto memory = open();
  remember(*memory, "monday", "hello", "hi");
  server_.kill();
  TurnOpening fresh = opening("new", "anybody there?", "run_1");
  fresh.wants_history = fresh.serial = false;
  fresh.fresh = true;
  answer(*memory, open_turn(*memory, fresh), "I am");
  EXPECT_FALSE(memory->reachable());

  server_.start();

  ASSERT_TRUE(comes_back(*memory));
  EXPECT_THAT(history(*memory, "new"), ElementsAre("user: anybody there?", "assistant: I am"));
}

TEST_F(RedisFaults, StrictlyThereIsNoTurnWithoutIt) {
  RedisOptions strict = options();
  strict.strict = true;
  const auto memory = open(strict);
  server_.kill();

  TurnOpening fresh = opening("new", "hello", "run_1");
  fresh.fresh = true;
  for (const TurnOpening& asked : {fresh, opening("monday", "hello", "run_2")}) {
    const auto turn = memory->open_turn(asked);

    ASSERT_FALSE(turn);
    EXPECT_EQ(turn.error().code, Code::memory_unavailable);
  }
}

// That it takes no more is found out by the first turn of a session, before anything is answered.
TEST_F(RedisFaults, StrictlyThereIsNoTurnWhileItsMemoryOrItsDiskIsFull) {
  RedisOptions strict = options();
  strict.strict = true;
  TurnOpening fresh = opening("new", "hello", "run_1");
  fresh.fresh = true;
  const auto is_refused = [&](const TurnOpening& asked, Memory& memory) {
    const auto turn = memory.open_turn(asked);
    return !turn && turn.error().code == Code::memory_unavailable;
  };

  const auto at_first = open(strict);
  server_.tell({"CONFIG", "SET", "maxmemory", "1"});
  EXPECT_TRUE(is_refused(fresh, *at_first));
  server_.tell({"CONFIG", "SET", "maxmemory", "0"});
  ASSERT_TRUE(comes_back(*at_first));

  // Where its file should be is a folder, so that no snapshot can be saved.
  std::filesystem::create_directory(server_.folder() / "dump.rdb");
  server_.tell({"CONFIG", "SET", "save", "3600 1"});
  server_.tell({"BGSAVE"});
  ASSERT_TRUE(test::eventually([&] {
    return server_.tell({"INFO", "persistence"}).text.find("bgsave_status:err") != std::string::npos;
  }));
  EXPECT_TRUE(is_refused(fresh, *at_first));
  EXPECT_EQ(server_.tell({"EXISTS", "kaos:memory:session:new", "kaos:memory:events:new"}).number, 0);
}

TEST_F(RedisFaults, StrictlyThereIsNoStartWithoutIt) {
  RedisOptions strict = options();
  strict.strict = true;
  server_.kill();

  const auto memory = redis_memory(strict);

  ASSERT_FALSE(memory);
  EXPECT_EQ(memory.error().code, Code::memory_unavailable);
}

TEST_F(RedisFaults, StartsWithoutItAndFindsItLater) {
  server_.kill();
  const auto memory = open();
  remember(*memory, "monday", "hello", "hi");

  server_.start();

  ASSERT_TRUE(comes_back(*memory));
  EXPECT_THAT(history(*memory, "monday"), ElementsAre("user: hello", "assistant: hi"));
}

// Once the pauses between two questions had become longer than those between two renewals, nobody asked any more.
TEST_F(RedisFaults, ComesBackHoweverOftenLeasesAreRenewed) {
  RedisOptions brief = options();
  brief.lease = milliseconds(60);
  const auto memory = open(brief);
  server_.kill();
  remember(*memory, "monday", "anybody there?", "I am");

  server_.start();

  ASSERT_TRUE(comes_back(*memory));
  EXPECT_THAT(history(*memory, "monday"), ElementsAre("user: anybody there?", "assistant: I am"));
}

TEST_F(RedisFaults, EverythingElseSaysThatItIsAway) {
  const auto memory = open();
  server_.kill();

  EXPECT_EQ(memory->events("monday", {}).error().code, Code::memory_unavailable);
  EXPECT_EQ(memory->all_events({}).error().code, Code::memory_unavailable);
  EXPECT_EQ(memory->sessions({}).error().code, Code::memory_unavailable);
  EXPECT_EQ(memory->stats().error().code, Code::memory_unavailable);
  EXPECT_EQ(memory->create_session({}).error().code, Code::memory_unavailable);
  EXPECT_EQ(memory->delete_session("monday").error().code, Code::memory_unavailable);
  EXPECT_EQ(memory->history("monday", 6).error().code, Code::memory_unavailable);
}

TEST_F(RedisFaults, KeepsTheNewestTurnsOfALongAbsence) {
  RedisOptions few = options();
  few.kept_events = 6;
  const auto memory = open(few);
  server_.kill();
  for (int i = 0; i < 10; ++i) remember(*memory, "monday", std::to_string(i));

  const test::CapturedLog log;
  server_.start();

  ASSERT_TRUE(comes_back(*memory));
  EXPECT_THAT(history(*memory, "monday", 0),
              ElementsAre("user: 7", "assistant: ok", "user: 8", "assistant: ok", "user: 9", "assistant: ok"));
  EXPECT_THAT(log.text(), HasSubstr("is back; 7 turns with 14 events are lost"));
}

TEST_F(RedisFaults, SaysHowMuchWasLostWhenItNeverCameBack) {
  RedisOptions few = options();
  few.kept_events = 6;
  auto memory = open(few);
  server_.kill();
  for (int i = 0; i < 5; ++i) remember(*memory, "monday", std::to_string(i));

  const test::CapturedLog log;
  memory.reset();

  EXPECT_THAT(log.text(), HasSubstr("was away until the end; 5 turns with 10 events are lost"));
}

// While the Redis takes its time with some of the turns that were kept, more come in than there is room for.
TEST_F(RedisFaults, ForgetsNoTurnUnwrittenWhenMoreComeInMeanwhile) {
  RedisOptions few = options();
  few.kept_events = 6;
  const auto memory = open(few);
  remember(*memory, "monday", "hello", "hi");
  server_.kill();
  for (int i = 0; i < 3; ++i) remember(*memory, "monday", std::to_string(i));
  server_.start();
  server_.pause();
  for (int i = 3; i < 6; ++i) remember(*memory, "monday", std::to_string(i));
  server_.resume();

  ASSERT_TRUE(comes_back(*memory));

  const auto told = history(*memory, "monday", 0);
  ASSERT_GE(told.size(), 6U);
  EXPECT_THAT(std::vector(told.end() - 6, told.end()),
              ElementsAre("user: 3", "assistant: ok", "user: 4", "assistant: ok", "user: 5", "assistant: ok"));
}

TEST_F(RedisFaults, WaitsNoLongerThanItsTimeForOneThatStalls) {
  RedisOptions brief = options();
  brief.time = milliseconds(300);
  const auto memory = open(brief);
  remember(*memory, "monday", "hello", "hi");
  server_.pause();

  const auto before = std::chrono::steady_clock::now();
  remember(*memory, "monday", "are you asleep?", "perhaps");
  const auto waited = std::chrono::steady_clock::now() - before;

  server_.resume();
  EXPECT_LT(waited, std::chrono::seconds(10));
  ASSERT_TRUE(comes_back(*memory));
  // What it was told while it slept may reach it later than what was told again: still, everything is there once.
  EXPECT_TRUE(test::eventually([&] { return history(*memory, "monday").size() == 4; }));
  EXPECT_THAT(stored(*memory, "monday"), ElementsAre("user_message \"hello\"", "agent_response \"hi\"",
                                                     "user_message \"are you asleep?\"", "agent_response \"perhaps\""));
}

TEST_F(RedisFaults, ATurnThatIsOpenWhenItStallsIsThereOnce) {
  RedisOptions brief = options();
  brief.time = milliseconds(300);
  const auto memory = open(brief);
  Turn turn = open_turn(*memory, "monday", "hello");
  server_.pause();
  answer(*memory, std::move(turn), "hi");
  server_.resume();

  ASSERT_TRUE(comes_back(*memory));
  EXPECT_TRUE(test::eventually([&] { return history(*memory, "monday").size() == 2; }));
  EXPECT_THAT(stored(*memory, "monday"), ElementsAre("user_message \"hello\"", "agent_response \"hi\""));
}

TEST_F(RedisFaults, GoesOnWhenItIsFullAndWritesWhenThereIsRoom) {
  const auto memory = open();
  remember(*memory, "monday", "hello", "hi");
  server_.tell({"CONFIG", "SET", "maxmemory", "1"});
  remember(*memory, "monday", "full?", "full.");
  EXPECT_FALSE(memory->reachable());

  server_.tell({"CONFIG", "SET", "maxmemory", "0"});

  ASSERT_TRUE(comes_back(*memory));
  EXPECT_THAT(history(*memory, "monday"),
              ElementsAre("user: hello", "assistant: hi", "user: full?", "assistant: full."));
}

TEST(RedisThatIsNone, IsAway) {
  for (const char* words :
       {"", "+OK", "$1000000\r\nhalf a text", "HTTP/1.1 400 Bad Request\r\n\r\n", "*3\r\n+OK\r\n", "-ERR no\r\n",
        "*2147483647\r\n", "$-7\r\n", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", ":\r\n"}) {
    const test::RawServer parrot([&](test::RawPeer& peer) {
      peer.read_bytes(1);
      peer.send(words);
    });
    const auto memory = redis_memory({.url = "redis://127.0.0.1:" + std::to_string(parrot.port())});
    ASSERT_TRUE(memory);

    Turn turn = open_turn(**memory, "monday", "hello");

    EXPECT_FALSE(turn.remembered) << words;
    EXPECT_FALSE((*memory)->reachable()) << words;
    answer(**memory, std::move(turn), "hi");
  }
}

}  // namespace
}  // namespace pais::memory
