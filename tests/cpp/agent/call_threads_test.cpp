#include "agent/call_threads.h"

#include <algorithm>
#include <atomic>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>
#include <thread>

#include "agent/meeting_point.h"

namespace pais::agent {
namespace {

using ::testing::Each;

TEST(CallThreads, DoEachPieceOfTheWorkOnce) {
  CallThreads threads(3);
  std::vector<std::atomic<int>> done(100);

  threads.side_by_side(done.size(), [&](std::size_t i) { ++done[i]; });

  EXPECT_TRUE(std::all_of(done.begin(), done.end(), [](const auto& times) { return times == 1; }));
}

TEST(CallThreads, WorkSideBySide) {
  CallThreads threads(3);
  MeetingPoint point(4);

  threads.side_by_side(4, [&](std::size_t) { EXPECT_TRUE(point.meet()); });
}

TEST(CallThreads, AreTheCallersOwnForASinglePiece) {
  CallThreads threads(3);
  std::thread::id where;

  threads.side_by_side(1, [&](std::size_t) { where = std::this_thread::get_id(); });

  EXPECT_EQ(where, std::this_thread::get_id());
}

TEST(CallThreads, LeaveTheWorkToTheCallerWhereThereAreNone) {
  CallThreads threads(0);
  std::vector<std::thread::id> where(5);

  threads.side_by_side(where.size(), [&](std::size_t i) { where[i] = std::this_thread::get_id(); });

  EXPECT_THAT(where, Each(std::this_thread::get_id()));
}

TEST(CallThreads, StayForTheNextWork) {
  CallThreads threads(2);
  std::mutex mutex;
  std::set<std::thread::id> seen;
  for (int round = 0; round < 20; ++round) {
    MeetingPoint point(3);

    threads.side_by_side(3, [&](std::size_t) {
      EXPECT_TRUE(point.meet());
      const std::scoped_lock lock(mutex);
      seen.insert(std::this_thread::get_id());
    });
  }

  EXPECT_EQ(seen.size(), 3u) << "two threads and the caller";
}

TEST(CallThreads, NeedNothingForNoWork) {
  CallThreads threads(2);

  threads.side_by_side(0, [](std::size_t) { FAIL(); });
}

TEST(CallThreads, HelpManyCallersAtOnce) {
  CallThreads threads(2);
  std::atomic<int> done = 0;

  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 8; ++i) {
      callers.emplace_back([&] { threads.side_by_side(50, [&](std::size_t) { ++done; }); });
    }
  }

  EXPECT_EQ(done, 400);
}

}  // namespace
}  // namespace pais::agent
