#include "memory/turn_queue.h"

#include <atomic>
#include <future>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pais::memory {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Lease = TurnQueue::Lease;

constexpr std::chrono::seconds kPatience(20);

// Leases in the order they were given out.
class Turns {
 public:
  TurnQueue::Start start(const std::string& name) {
    return [this, name](Lease lease) {
      begun.push_back(name);
      running.push_back(std::move(lease));
    };
  }

  void end_first() {
    const Lease ended = std::move(running.front());
    running.erase(running.begin());
  }

  std::vector<std::string> begun;
  std::vector<Lease> running;
};

TEST(TurnQueue, LetsTheFirstTurnOfASessionInAtOnce) {
  TurnQueue queue;
  Turns turns;

  queue.acquire("monday", turns.start("a"));
  queue.acquire("tuesday", turns.start("b"));

  EXPECT_THAT(turns.begun, ElementsAre("a", "b"));
  EXPECT_EQ(queue.waiting(), 0U);
}

TEST(TurnQueue, LetsTheTurnsOfASessionInOneAfterAnother) {
  TurnQueue queue;
  Turns turns;
  for (const char* name : {"a", "b", "c"}) queue.acquire("monday", turns.start(name));
  EXPECT_THAT(turns.begun, ElementsAre("a"));
  EXPECT_EQ(queue.waiting(), 2U);

  turns.end_first();
  EXPECT_THAT(turns.begun, ElementsAre("a", "b"));

  turns.end_first();
  EXPECT_THAT(turns.begun, ElementsAre("a", "b", "c"));
  EXPECT_EQ(queue.waiting(), 0U);
}

TEST(TurnQueue, IsFreeAgainAfterTheLastTurn) {
  TurnQueue queue;
  Turns turns;
  queue.acquire("monday", turns.start("a"));
  turns.end_first();

  queue.acquire("monday", turns.start("b"));

  EXPECT_THAT(turns.begun, ElementsAre("a", "b"));
}

TEST(TurnQueue, PassesByOneThatGaveUp) {
  TurnQueue queue;
  Turns turns;
  queue.acquire("monday", turns.start("a"));
  const auto ticket = queue.acquire("monday", turns.start("b"));
  queue.acquire("monday", turns.start("c"));

  EXPECT_TRUE(queue.withdraw(ticket));
  turns.end_first();

  EXPECT_THAT(turns.begun, ElementsAre("a", "c"));
  EXPECT_FALSE(queue.withdraw(ticket));
}

TEST(TurnQueue, CannotWithdrawATurnThatHasBegun) {
  TurnQueue queue;
  Turns turns;

  const auto ticket = queue.acquire("monday", turns.start("a"));

  EXPECT_FALSE(queue.withdraw(ticket));
}

TEST(TurnQueue, SurvivesALongLineOfTurnsThatEndAtOnce) {
  TurnQueue queue;
  Turns turns;
  queue.acquire("monday", turns.start("first"));
  int ended = 0;
  for (int i = 0; i < 100'000; ++i) queue.acquire("monday", [&](Lease) { ++ended; });

  turns.end_first();

  EXPECT_EQ(ended, 100'000);
}

TEST(TurnQueue, ALeaseMayOutliveTheQueue) {
  Turns turns;
  {
    TurnQueue queue;
    queue.acquire("monday", turns.start("a"));
    queue.acquire("monday", turns.start("never"));
  }

  turns.end_first();

  EXPECT_THAT(turns.begun, ElementsAre("a"));
}

TEST(TurnQueue, NeverRunsTwoTurnsOfASessionAtOnce) {
  TurnQueue queue;
  std::atomic<int> running = 0;
  std::atomic<int> overlaps = 0;
  std::atomic<int> ended = 0;
  std::promise<void> all;
  constexpr int kThreads = 4;
  constexpr int kTurns = 500;

  std::vector<std::thread> clients;
  for (int i = 0; i < kThreads; ++i) {
    clients.emplace_back([&] {
      for (int turn = 0; turn < kTurns; ++turn) {
        queue.acquire("monday", [&](Lease lease) {
          if (++running != 1) ++overlaps;
          --running;
          lease.release();
          if (++ended == kThreads * kTurns) all.set_value();
        });
      }
    });
  }
  for (auto& client : clients) client.join();

  ASSERT_EQ(all.get_future().wait_for(kPatience), std::future_status::ready);
  EXPECT_EQ(overlaps, 0);
}

TEST(TurnQueue, AsksAgainLaterAndLetsNobodyPass) {
  TurnQueue queue;
  Turns turns;
  std::promise<void> again;
  queue.acquire("monday", [&](Lease lease) {
    queue.later(std::move(lease), std::chrono::milliseconds(1), [&](Lease) { again.set_value(); });
  });
  std::promise<void> next;

  queue.acquire("monday", [&](Lease) { next.set_value(); });

  ASSERT_EQ(again.get_future().wait_for(kPatience), std::future_status::ready);
  EXPECT_EQ(next.get_future().wait_for(kPatience), std::future_status::ready);
}

TEST(TurnQueue, FreesTheSessionOfOneThatGivesUpAskingAgain) {
  TurnQueue queue;
  Turns turns;
  std::optional<TurnQueue::Ticket> ticket;
  queue.acquire("monday", [&](Lease lease) {
    ticket = queue.later(std::move(lease), std::chrono::hours(1), turns.start("never"));
  });
  queue.acquire("monday", turns.start("b"));
  EXPECT_THAT(turns.begun, IsEmpty());
  EXPECT_EQ(queue.waiting(), 2U);

  EXPECT_TRUE(queue.withdraw(*ticket));

  EXPECT_THAT(turns.begun, ElementsAre("b"));
}

TEST(TurnQueue, EndsWhileSomebodyAsksAgainLater) {
  Turns turns;
  TurnQueue queue;

  queue.acquire("monday",
                [&](Lease lease) { queue.later(std::move(lease), std::chrono::hours(1), turns.start("never")); });

  EXPECT_EQ(queue.waiting(), 1U);
}

}  // namespace
}  // namespace pais::memory
