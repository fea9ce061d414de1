#include "bindings/call_stops.h"

#include <gtest/gtest.h>
#include <stop_token>

namespace pais::bindings {
namespace {

TEST(CallStops, StopTheCallThatIsMeantAndNoOther) {
  CallStops stops;
  const auto first = stops.add(1, 7);
  const auto second = stops.add(2, 7);

  stops.stop(1);
  stops.stop(99);

  EXPECT_TRUE(first.stop_requested());
  EXPECT_FALSE(second.stop_requested());
}

TEST(CallStops, StopAllCallsOfARun) {
  CallStops stops;
  const auto first = stops.add(1, 7);
  const auto second = stops.add(2, 7);
  const auto others = stops.add(3, 8);

  stops.stop_run(7);

  EXPECT_TRUE(first.stop_requested());
  EXPECT_TRUE(second.stop_requested());
  EXPECT_FALSE(others.stop_requested());
}

TEST(CallStops, LeaveACallAloneThatHasEnded) {
  CallStops stops;
  const auto ended = stops.add(1, 7);
  const auto left = stops.add(2, 7);
  stops.remove(1);

  stops.stop_all();

  EXPECT_FALSE(ended.stop_requested());
  EXPECT_TRUE(left.stop_requested());
}

TEST(CallStops, LetWhoIsStoppedEndItsCallThereAndThen) {
  CallStops stops;
  const auto stopped = stops.add(1, 7);
  bool ended = false;
  const std::stop_callback end(stopped, [&] {
    stops.remove(1);
    ended = true;
  });

  stops.stop_run(7);

  EXPECT_TRUE(ended);
}

}  // namespace
}  // namespace pais::bindings
