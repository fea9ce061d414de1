// What holds for every store, also for the one that keeps nothing.
#include <thread>
#include <vector>

#include "gmock/gmock.h"

#include "store_under_test.h"

namespace pais::memory {
namespace {

using testing::IsEmpty;

TEST_P(AnyMemory, RunsATurnOfASessionThatNobodyHasHeardOf) {
  Turn turn = open_turn(memory(), opening("monday", "hello", "run_1"));

  EXPECT_EQ(turn.session_id, "monday");
  EXPECT_EQ(turn.mark.run_id, "run_1");
  EXPECT_THAT(turn.history, IsEmpty());
  EXPECT_TRUE(turn.remembered);
  EXPECT_FALSE(turn.busy_for);
  answer(memory(), std::move(turn), "hi");
}

TEST_P(AnyMemory, KnowsNothingOfAnUnknownSession) {
  EXPECT_THAT(stored(memory(), "nobody"), IsEmpty());
  EXPECT_THAT(history(memory(), "nobody"), IsEmpty());
  const auto info = memory().session("nobody");
  ASSERT_TRUE(info);
  EXPECT_FALSE(*info);
}

TEST_P(AnyMemory, NamesASessionThatHasNoName) {
  const auto id = memory().create_session({});

  ASSERT_TRUE(id);
  EXPECT_THAT(*id, GetParam().keeps ? testing::StartsWith("session_") : testing::StartsWith("null-session"));
}

TEST_P(AnyMemory, KeepsTheNameOfASessionThatHasOne) {
  const auto created = memory().create_session({.session_id = "monday"});
  const auto found = memory().get_or_create_session({.session_id = "tuesday"});

  ASSERT_TRUE(created && found);
  EXPECT_EQ(*created, "monday");
  EXPECT_EQ(*found, "tuesday");
}

TEST_P(AnyMemory, IsEmptyAtFirst) {
  const auto stats = memory().stats();

  ASSERT_TRUE(stats);
  EXPECT_EQ(stats->sessions, 0U);
  EXPECT_EQ(stats->events, 0U);
  EXPECT_THAT(session_ids(memory()), IsEmpty());
  EXPECT_TRUE(memory().reachable());
  EXPECT_EQ(memory().remembers(), GetParam().keeps);
}

TEST_P(AnyMemory, MayBeClosedByManyAtOnce) {
  remember(memory(), "monday", "hello");

  std::vector<std::thread> closers;
  for (int i = 0; i < 4; ++i) closers.emplace_back([this] { memory().close(); });
  for (auto& closer : closers) closer.join();
}

TEST_P(AnyMemory, MayBeClosedTwice) {
  memory().close();

  memory().close();
}

INSTANTIATE_TEST_SUITE_P(Stores, AnyMemory, testing::ValuesIn(all_stores()), store_name);

}  // namespace
}  // namespace pais::memory
