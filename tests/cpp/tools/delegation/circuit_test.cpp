#include "tools/delegation/circuit.h"

#include <gtest/gtest.h>

namespace pais::tools::delegation {
namespace {

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

class CircuitTest : public testing::Test {
 protected:
  bool call(Verdict verdict) {
    const auto pass = circuit_.enter();
    if (!pass) return false;
    circuit_.leave(*pass, verdict);
    return true;
  }
  void fail(int times) {
    for (int i = 0; i < times; ++i) ASSERT_TRUE(call(Verdict::failed));
  }

  TurnedClock clock_;
  Circuit circuit_{clock_};
};

TEST_F(CircuitTest, RefusesCallsAfterFiveFailuresInARow) {
  fail(5);

  EXPECT_FALSE(circuit_.enter());
  EXPECT_TRUE(circuit_.is_open());
}

TEST_F(CircuitTest, CountsFailuresInARowOnly) {
  fail(4);
  ASSERT_TRUE(call(Verdict::answered));
  fail(4);

  EXPECT_FALSE(circuit_.is_open());
}

TEST_F(CircuitTest, TakesNoNoticeOfCallsThatProveNothing) {
  fail(4);
  ASSERT_TRUE(call(Verdict::unknown));
  fail(1);

  EXPECT_TRUE(circuit_.is_open());
}

TEST_F(CircuitTest, LetsOneCallProbeAfterFiveSeconds) {
  fail(5);
  clock_.turn(seconds(5));

  const auto probe = circuit_.enter();

  ASSERT_TRUE(probe);
  EXPECT_TRUE(probe->probe);
  EXPECT_FALSE(circuit_.enter());
}

TEST_F(CircuitTest, ClosesWhenTheProbeIsAnswered) {
  fail(5);
  clock_.turn(seconds(5));

  ASSERT_TRUE(call(Verdict::answered));

  EXPECT_TRUE(call(Verdict::answered));
  EXPECT_FALSE(circuit_.is_open());
}

TEST_F(CircuitTest, RestsAnewWhenTheProbeFails) {
  fail(5);
  clock_.turn(seconds(5));
  fail(1);

  clock_.turn(seconds(4));
  EXPECT_FALSE(circuit_.enter());
  clock_.turn(seconds(1));
  EXPECT_TRUE(circuit_.enter());
}

TEST_F(CircuitTest, LetsAnotherProbeWhenOneWasCalledOff) {
  fail(5);
  clock_.turn(seconds(5));
  ASSERT_TRUE(call(Verdict::unknown));

  EXPECT_TRUE(circuit_.enter());
}

TEST_F(CircuitTest, SaysWhenItTurns) {
  fail(4);
  EXPECT_TRUE(circuit_.leave(*circuit_.enter(), Verdict::failed));
  clock_.turn(seconds(5));
  const auto probe = circuit_.enter();

  EXPECT_TRUE(circuit_.leave(*probe, Verdict::answered));
  EXPECT_FALSE(circuit_.leave(*circuit_.enter(), Verdict::answered));
}

}  // namespace
}  // namespace pais::tools::delegation
