#include "agent/alarms.h"

#include <gtest/gtest.h>

#include "agent/fake_model.h"

namespace pais::agent {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

TEST(Alarms, RequestTheStopWhenTheMomentHasCome) {
  Alarms alarms;
  const std::stop_source stop;
  const auto moment = steady_clock::now() + milliseconds(10);

  const auto alarm = alarms.at(moment, stop);

  EXPECT_TRUE(wait_for_stop(stop.get_token()));
  EXPECT_GE(steady_clock::now(), moment);
}

TEST(Alarms, GoOffAtOnceWhenTheMomentHasPassed) {
  Alarms alarms;
  const std::stop_source stop;

  const auto alarm = alarms.at(steady_clock::now() - hours(1), stop);

  EXPECT_TRUE(wait_for_stop(stop.get_token()));
}

TEST(Alarms, GoOffInTheOrderOfTheirMomentsNotOfTheirMaking) {
  Alarms alarms;
  const std::stop_source late;
  const std::stop_source early;

  const auto first = alarms.at(steady_clock::now() + hours(1), late);
  const auto second = alarms.at(steady_clock::now() + milliseconds(5), early);

  EXPECT_TRUE(wait_for_stop(early.get_token()));
  EXPECT_FALSE(late.stop_requested());
}

TEST(Alarms, DoNotGoOffOnceTheyAreForgotten) {
  Alarms alarms;
  const std::stop_source forgotten;
  const std::stop_source kept;
  const auto moment = steady_clock::now() + milliseconds(20);

  { const auto alarm = alarms.at(moment, forgotten); }
  const auto alarm = alarms.at(moment + milliseconds(1), kept);

  EXPECT_TRUE(wait_for_stop(kept.get_token()));
  EXPECT_FALSE(forgotten.stop_requested());
}

TEST(Alarms, GoOnAfterALongerSleepWasInterrupted) {
  Alarms alarms;
  for (int i = 0; i < 3; ++i) {
    const std::stop_source far;
    const std::stop_source near;
    const auto later = alarms.at(steady_clock::now() + hours(1), far);
    const auto sooner = alarms.at(steady_clock::now() + milliseconds(2), near);

    EXPECT_TRUE(wait_for_stop(near.get_token()));
  }
}

}  // namespace
}  // namespace pais::agent
