#include "telemetry/sampler.h"

#include <gtest/gtest.h>

namespace pais::telemetry {
namespace {

// A trace whose lowest eight bytes say this share of all there are.
TraceId at(double share) {
  const auto lowest = static_cast<std::uint64_t>(share * 18446744073709551616.0);
  TraceId id = {0xff};
  for (std::size_t i = 0; i < 8; ++i) id[15 - i] = static_cast<std::uint8_t>(lowest >> (8 * i));
  return id;
}

struct Case {
  Sampler kind;
  bool root;
  bool kept_parent;
  bool dropped_parent;
};

TEST(TraceSampler, KeepsWhatItsNameSays) {
  for (const Case& each :
       {Case{Sampler::always_on, true, true, true}, Case{Sampler::always_off, false, false, false},
        Case{Sampler::parent_always_on, true, true, false}, Case{Sampler::parent_always_off, false, true, false}}) {
    const TraceSampler sampler(each.kind, std::nullopt);

    EXPECT_EQ(sampler.keeps(at(0.5), std::nullopt), each.root);
    EXPECT_EQ(sampler.keeps(at(0.5), true), each.kept_parent);
    EXPECT_EQ(sampler.keeps(at(0.5), false), each.dropped_parent);
  }
}

TEST(TraceSampler, KeepsItsShareByTheIdOfTheTrace) {
  const TraceSampler quarter(Sampler::ratio, 0.25);

  EXPECT_TRUE(quarter.keeps(at(0), std::nullopt));
  EXPECT_TRUE(quarter.keeps(at(0.2), false)) << "it does not ask the parent";
  EXPECT_FALSE(quarter.keeps(at(0.3), true));
  EXPECT_FALSE(quarter.keeps(at(0.9999), std::nullopt));
}

TEST(TraceSampler, KeepsAllOfAWholeShareAndNoneOfNone) {
  EXPECT_TRUE(TraceSampler(Sampler::ratio, 1.0).keeps(at(0.9999), std::nullopt));
  EXPECT_TRUE(TraceSampler(Sampler::ratio, std::nullopt).keeps(at(0.9999), std::nullopt));
  EXPECT_FALSE(TraceSampler(Sampler::ratio, 0.0).keeps(at(0), std::nullopt));
}

TEST(TraceSampler, FollowsTheParentBeforeItsShare) {
  const TraceSampler none(Sampler::parent_ratio, 0.0);

  EXPECT_TRUE(none.keeps(at(0.9), true));
  EXPECT_FALSE(none.keeps(at(0), std::nullopt));
}

}  // namespace
}  // namespace pais::telemetry
