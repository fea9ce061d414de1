#include "bindings/errands.h"

#include <atomic>
#include <future>
#include <poll.h>

#include "gmock/gmock.h"

#include "fake_loop.h"

namespace pais::bindings {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr milliseconds kDeadline(20'000);

void echo(Errands& errands, const Errand& errand) {
  errands.done(errand.number, errand.arguments);
}

void say_nothing(Errands&, const Errand&) {}

// Waits until there is something to take; the bell rings for it.
std::vector<Errand> take_when_it_rings(Errands& errands) {
  pollfd bell{.fd = errands.descriptor(), .events = POLLIN, .revents = 0};
  ::poll(&bell, 1, static_cast<int>(kDeadline.count()));
  return errands.take();
}

TEST(Errands, BringBackWhatTheLoopAnswers) {
  Errands errands;
  FakeLoop loop(errands, echo);

  const auto answer = errands.run("list_sessions", R"(["ann"])");

  ASSERT_TRUE(answer);
  EXPECT_EQ(*answer, R"(["ann"])");
  EXPECT_THAT(loop.asked(), ElementsAre(R"(list_sessions ["ann"])"));
}

TEST(Errands, BringBackAFailureAsAMemoryThatIsUnavailable) {
  Errands errands;
  FakeLoop loop(errands, [](Errands& all, const Errand& errand) { all.failed(errand.number, "KeyError: 'ann'"); });

  const auto answer = errands.run("list_sessions", "[]");

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::memory_unavailable);
  EXPECT_THAT(answer.error().describe(), HasSubstr("KeyError: 'ann'"));
}

TEST(Errands, FailAtOnceWhileNoLoopIsThere) {
  Errands errands;

  const auto answer = errands.run("list_sessions", "[]");

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::memory_unavailable);
  EXPECT_THAT(errands.take(), IsEmpty());
}

TEST(Errands, WaitNoLongerThanTheirPatience) {
  Errands errands(milliseconds(20));
  FakeLoop loop(errands, say_nothing);

  const auto answer = errands.run("list_sessions", "[]");

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::memory_unavailable);
  EXPECT_THAT(answer.error().cause, HasSubstr("list_sessions"));
}

TEST(Errands, TellTheLoopOfAnErrandThatNobodyWaitsForAnyMore) {
  Errands errands(milliseconds(20));
  errands.open();
  auto answer = std::async([&] { return errands.run("list_sessions", "[]"); });
  const auto taken = take_when_it_rings(errands);
  ASSERT_THAT(taken, SizeIs(1));
  ASSERT_FALSE(answer.get());

  const auto later = take_when_it_rings(errands);

  ASSERT_THAT(later, SizeIs(1));
  EXPECT_TRUE(later[0].given_up);
  EXPECT_EQ(later[0].number, taken[0].number);
}

TEST(Errands, TakeBackAnErrandThatTheLoopHasNotSeen) {
  Errands errands(milliseconds(20));
  errands.open();

  ASSERT_FALSE(errands.run("list_sessions", "[]"));

  EXPECT_THAT(errands.take(), IsEmpty());
}

TEST(Errands, DropAnAnswerThatComesTooLate) {
  Errands errands(milliseconds(20));
  errands.open();
  auto answer = std::async([&] { return errands.run("list_sessions", "[]"); });
  const auto taken = take_when_it_rings(errands);
  ASSERT_THAT(taken, SizeIs(1));
  ASSERT_FALSE(answer.get());

  errands.done(taken[0].number, "[]");

  FakeLoop loop(errands, echo);
  EXPECT_TRUE(errands.run("list_sessions", "[]"));
}

TEST(Errands, EndForAllWhoWaitWhenTheLoopEnds) {
  Errands errands(kDeadline);
  errands.open();
  auto first = std::async([&] { return errands.run("first", "[]"); });
  ASSERT_THAT(take_when_it_rings(errands), SizeIs(1));
  auto second = std::async([&] { return errands.run("second", "[]"); });

  errands.close();

  EXPECT_FALSE(first.get());
  EXPECT_FALSE(second.get());
  EXPECT_FALSE(errands.run("third", "[]"));
}

TEST(Errands, CanBeTakenByAnotherLoopAfterTheFirst) {
  Errands errands;
  { FakeLoop first(errands, echo); }

  FakeLoop second(errands, echo);

  EXPECT_TRUE(errands.run("list_sessions", "[]"));
}

TEST(Errands, OfManyThreadsFindTheirWayBack) {
  Errands errands;
  FakeLoop loop(errands, echo);
  std::atomic<int> right = 0;

  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 8; ++thread) {
      threads.emplace_back([&, thread] {
        for (int i = 0; i < 50; ++i) {
          const std::string mine = std::to_string(thread * 1000 + i);
          const auto answer = errands.run("echo", mine);
          if (answer && *answer == mine) ++right;
        }
      });
    }
  }

  EXPECT_EQ(right, 400);
}

}  // namespace
}  // namespace pais::bindings
