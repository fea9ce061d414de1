#include "base/circuit.h"

#include "gtest/gtest.h"

namespace pais {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Verdict = Circuit::Verdict;

class TurnedClock final : public Clock {
 public:
  std::chrono::steady_clock::time_point now() const override { return now_; }
  std::chrono::system_clock::time_point wall() const override { return {}; }
  void turn(std::chrono::steady_clock::duration span) { now_ += span; }

 private:
  std::chrono::steady_clock::time_point now_{seconds(1000)};
};

constexpr Circuit::Rests kRests{.first = seconds(2), .longest = seconds(30)};
const Error kDown{.code = Code::model_unreachable, .cause = "no route"};

class CircuitTest : public testing::Test {
 protected:
  bool call(Verdict verdict) {
    auto pass = circuit_.enter();
    if (!pass) return false;
    pass->give_back(verdict, kDown);
    return true;
  }
  void fail(int times) {
    for (int i = 0; i < times; ++i) ASSERT_TRUE(call(Verdict::failed));
  }

  TurnedClock clock_;
  Circuit circuit_{kRests, clock_};
};

TEST_F(CircuitTest, RefusesCallsAfterFiveFailuresInARow) {
  fail(Circuit::kFailuresToOpen);

  const auto refused = circuit_.enter();

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::model_unreachable);
  EXPECT_EQ(refused.error().retry_after, kRests.first);
}

TEST_F(CircuitTest, CountsOnlyFailuresInARow) {
  fail(Circuit::kFailuresToOpen - 1);
  call(Verdict::answered);
  fail(Circuit::kFailuresToOpen - 1);

  EXPECT_TRUE(circuit_.enter());
}

TEST_F(CircuitTest, IsNeitherOpenedNorClosedByCallsThatProveNothing) {
  for (int i = 0; i < 100; ++i) call(Verdict::unknown);
  EXPECT_TRUE(circuit_.enter());

  fail(Circuit::kFailuresToOpen - 1);
  call(Verdict::unknown);
  fail(1);

  EXPECT_FALSE(circuit_.enter());
}

TEST_F(CircuitTest, LetsOneCallProbeAfterARest) {
  fail(Circuit::kFailuresToOpen);
  clock_.turn(kRests.first - milliseconds(1));
  EXPECT_FALSE(circuit_.enter());
  clock_.turn(milliseconds(1));

  auto probe = circuit_.enter();

  ASSERT_TRUE(probe);
  EXPECT_TRUE(probe->is_probe());
  EXPECT_FALSE(circuit_.enter()) << "while the probe is out";
}

TEST_F(CircuitTest, ClosesWhenTheProbeIsAnswered) {
  fail(Circuit::kFailuresToOpen);
  clock_.turn(kRests.first);

  EXPECT_TRUE(circuit_.enter()->give_back(Verdict::answered)) << "it turned";

  fail(Circuit::kFailuresToOpen - 1);
  EXPECT_TRUE(circuit_.enter());
}

TEST_F(CircuitTest, RestsLongerEachTimeAProbeFailsUpToALimit) {
  fail(Circuit::kFailuresToOpen);
  clock_.turn(kRests.first);
  ASSERT_TRUE(call(Verdict::failed));

  EXPECT_EQ(circuit_.enter().error().retry_after, 2 * kRests.first);

  for (int i = 0; i < 20; ++i) {
    clock_.turn(kRests.longest);
    ASSERT_TRUE(call(Verdict::failed));
  }
  EXPECT_EQ(circuit_.enter().error().retry_after, kRests.longest);
}

TEST(Circuit, MayRestEquallyLongEachTime) {
  TurnedClock clock;
  Circuit circuit({.first = seconds(5), .longest = seconds(5)}, clock);
  for (int i = 0; i < Circuit::kFailuresToOpen; ++i) circuit.enter()->give_back(Verdict::failed, kDown);

  clock.turn(seconds(5));
  ASSERT_FALSE(circuit.enter()->give_back(Verdict::failed, kDown)) << "it was open already";

  clock.turn(seconds(4));
  EXPECT_FALSE(circuit.enter());
  clock.turn(seconds(1));
  EXPECT_TRUE(circuit.enter());
}

TEST_F(CircuitTest, LetsTheNextCallProbeWhenAProbeProvedNothing) {
  fail(Circuit::kFailuresToOpen);
  clock_.turn(kRests.first);
  { auto lost = circuit_.enter(); }

  auto probe = circuit_.enter();

  ASSERT_TRUE(probe);
  EXPECT_TRUE(probe->is_probe());
}

TEST_F(CircuitTest, IsNotPushedBackByCallsThatBeganBeforeItOpened) {
  auto slow = circuit_.enter();
  fail(Circuit::kFailuresToOpen);
  clock_.turn(kRests.first);

  EXPECT_FALSE(slow->give_back(Verdict::failed, kDown));

  EXPECT_TRUE(circuit_.enter()->is_probe());
}

}  // namespace
}  // namespace pais
