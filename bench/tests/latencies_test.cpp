#include "load/latencies.h"

#include "gtest/gtest.h"

namespace pais::bench {
namespace {

using std::chrono::nanoseconds;

TEST(Latencies, TellPercentilesWithinOnePercent) {
  Latencies latencies;
  for (int i = 1; i <= 1'000'000; ++i) latencies.record(nanoseconds{i * 1'000});

  for (const double share : {0.01, 0.5, 0.9, 0.99, 0.999}) {
    const double exact = share * 1'000'000'000;
    EXPECT_NEAR(static_cast<double>(latencies.percentile(share).count()), exact, exact * 0.01) << share;
  }
}

TEST(Latencies, AreExactForFewNanosecondsAndForTheMaximum) {
  Latencies latencies;
  for (const int value : {1, 2, 3, 4, 123'456'789}) latencies.record(nanoseconds{value});

  EXPECT_EQ(latencies.percentile(0.6), nanoseconds{3});
  EXPECT_EQ(latencies.percentile(1), nanoseconds{123'456'789});
  EXPECT_EQ(latencies.max(), nanoseconds{123'456'789});
}

TEST(Latencies, TakeTheLongestTimeThereIs) {
  Latencies latencies;

  latencies.record(nanoseconds::max());

  EXPECT_EQ(latencies.percentile(0.5), nanoseconds::max());
}

TEST(Latencies, AreZeroWithoutSamples) {
  EXPECT_EQ(Latencies().percentile(0.99), nanoseconds{0});
}

TEST(Latencies, OfTwoThreadsCountTogether) {
  Latencies fast;
  Latencies slow;
  for (int i = 0; i < 99; ++i) fast.record(nanoseconds{10});
  slow.record(nanoseconds{1'000});

  fast.merge(slow);

  EXPECT_EQ(fast.count(), 100U);
  EXPECT_EQ(fast.percentile(0.99), nanoseconds{10});
  EXPECT_EQ(fast.max(), nanoseconds{1'000});
}

}  // namespace
}  // namespace pais::bench
