#include "base/clock.h"

#include <gtest/gtest.h>
#include <string>

namespace pais {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using std::chrono::system_clock;

system_clock::time_point at(std::int64_t second, nanoseconds more = nanoseconds(0)) {
  return system_clock::time_point(std::chrono::duration_cast<system_clock::duration>(seconds(second) + more));
}

TEST(IsoTime, IsUtcWithSixDigits) {
  EXPECT_EQ(iso_time(at(1795206447, microseconds(987679))), "2026-11-20T20:27:27.987679+00:00");
  EXPECT_EQ(iso_time(at(0)), "1970-01-01T00:00:00.000000+00:00");
  EXPECT_EQ(iso_time(at(-1, nanoseconds(999))), "1969-12-31T23:59:59.000000+00:00");
}

TEST(IsoTime, ReadsWhatItWrites) {
  for (const auto time : {at(0), at(1795206447, microseconds(987679)), at(951782400), at(-86400 * 365)}) {
    EXPECT_EQ(read_iso_time(iso_time(time)), time) << iso_time(time);
  }
}

TEST(IsoTime, ReadsZAndAnyOffset) {
  const auto time = at(1795206447);

  EXPECT_EQ(read_iso_time("2026-11-20T20:27:27Z"), time);
  EXPECT_EQ(read_iso_time("2026-11-20T20:27:27z"), time);
  EXPECT_EQ(read_iso_time("2026-11-20T22:27:27+02:00"), time);
  EXPECT_EQ(read_iso_time("2026-11-20T14:57:27-05:30"), time);
  EXPECT_EQ(read_iso_time("2026-11-20T22:27:27+0200"), time);
  EXPECT_EQ(read_iso_time("2026-11-20T22:27:27+02"), time);
  EXPECT_EQ(read_iso_time("2026-11-20 20:27:27Z"), time);
}

TEST(IsoTime, ReadsAnyNumberOfFractionDigits) {
  EXPECT_EQ(read_iso_time("2026-11-20T20:27:27.5Z"), at(1795206447, nanoseconds(500'000'000)));
  EXPECT_EQ(read_iso_time("2026-11-20T20:27:27.000001Z"), at(1795206447, microseconds(1)));
  EXPECT_EQ(read_iso_time("2026-11-20T20:27:27.123456789Z"), at(1795206447, nanoseconds(123'456'789)));
  EXPECT_EQ(read_iso_time("2026-11-20T20:27:27.12345678999999999999Z"), at(1795206447, nanoseconds(123'456'789)));
}

TEST(IsoTime, RefusesWhatIsNoTime) {
  for (const char* text : {"",
                           "2026",
                           "2026-11-20",
                           "2026-11-20T20:27:27",
                           "2026-13-20T20:27:27Z",
                           "2026-02-29T20:27:27Z",
                           "2026-11-20T24:27:27Z",
                           "2026-11-20T20:60:27Z",
                           "2026-11-20T20:27:61Z",
                           "2026-11-20T20:27:27.Z",
                           "2026-11-20T20:27:27+2",
                           "2026-11-20T20:27:27+24:00",
                           "2026-11-20T20:27:27+02:60",
                           "2026-11-20T20:27:27ZZ",
                           "26-11-20T20:27:27Z",
                           "2026-1-20T20:27:27Z",
                           "+026-11-20T20:27:27Z",
                           "1600-01-01T00:00:00Z",
                           "9999-12-31T23:59:59Z",
                           "2026/11/20T20:27:27Z",
                           " 2026-11-20T20:27:27Z",
                           "2026-11-20T20:27:27*02:00"}) {
    EXPECT_FALSE(read_iso_time(text)) << text;
  }
}

TEST(SystemClock, GoesForward) {
  const Clock& clock = Clock::system();

  const auto earlier = clock.now();

  EXPECT_GE(clock.now(), earlier);
  EXPECT_GT(clock.wall(), at(1'700'000'000));
}

}  // namespace
}  // namespace pais
