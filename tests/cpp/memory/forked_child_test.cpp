// What becomes of a store when the program forks while it is open, and the child does not exec.
#include <csignal>
#include <functional>
#include <memory>
#include <optional>
#include <sys/wait.h>
#include <unistd.h>

#include "gmock/gmock.h"

#include "memory/turn_queue.h"
#include "redis_server.h"
#include "scratch_folder.h"
#include "store_under_test.h"
#include "support/eventually.h"

namespace pais::memory {
namespace {

using testing::ElementsAre;

// Whether a child that does no more than `act` comes to its end.
bool child_ends_after(const std::function<void()>& act) {
  const pid_t child = fork();
  if (child == 0) {
    act();
    _exit(0);
  }
  int status = -1;
  const bool ended = child > 0 && test::eventually([&] { return waitpid(child, &status, WNOHANG) == child; });
  if (!ended && child > 0) {
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
  }
  return ended && status == 0;
}

class ForkedStore : public AnyMemory {};

TEST_P(ForkedStore, IsDroppedByAChildAndLeftAsItIs) {
  OpenStore store = GetParam().open({}, clock_);
  remember(*store.memory, "monday", "hello", "hi");

  EXPECT_TRUE(child_ends_after([&] {
    store.memory->close();
    store.memory.reset();
  }));

  remember(*store.memory, "monday", "still there?", "yes");
  EXPECT_THAT(history(*store.memory, "monday"),
              ElementsAre("user: hello", "assistant: hi", "user: still there?", "assistant: yes"));
}

INSTANTIATE_TEST_SUITE_P(Stores, ForkedStore, testing::ValuesIn(keeping_stores()), store_name);

TEST(ForkedTurnQueue, IsDroppedByAChildWhileSomebodyAsksAgainLater) {
  std::optional<TurnQueue> queue(std::in_place);
  TurnQueue::Lease lease;
  queue->acquire("monday", [&](TurnQueue::Lease mine) { lease = std::move(mine); });
  queue->later(std::move(lease), std::chrono::hours(1), [](TurnQueue::Lease) {});

  EXPECT_TRUE(child_ends_after([&] { queue.reset(); }));

  EXPECT_EQ(queue->waiting(), 1U);
}

}  // namespace
}  // namespace pais::memory
