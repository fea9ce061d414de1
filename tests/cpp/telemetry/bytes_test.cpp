#include "telemetry/bytes.h"

#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

namespace pais::telemetry {
namespace {

TEST(Bytes, AreWhatWasPutOneBehindTheOtherHoweverMuchItIs) {
  Bytes bytes;
  std::string expected;

  for (int i = 0; i < 1000; ++i) {
    bytes.append(std::to_string(i));
    bytes.push_back(',');
    expected += std::to_string(i) + ',';
  }

  EXPECT_EQ(bytes.view(), expected);
}

TEST(Bytes, CanBeWrittenToAgainWhenTheyHaveGoneElsewhere) {
  Bytes bytes("first");
  const Bytes copy = bytes;

  const Bytes moved = std::exchange(bytes, Bytes());
  bytes.append("second");

  EXPECT_EQ(copy.view(), "first");
  EXPECT_EQ(moved.view(), "first");
  EXPECT_EQ(bytes.view(), "second");
}

TEST(Bytes, KeepTheirRoomWhenCleared) {
  Bytes bytes(std::string(5000, 'x'));

  bytes.clear();

  EXPECT_TRUE(bytes.empty());
  EXPECT_GE(bytes.capacity(), 5000U);
}

TEST(Bytes, AreJoinedInTheirOrder) {
  const std::vector<Bytes> pieces = {Bytes("one"), Bytes(), Bytes("two")};

  EXPECT_EQ(joined(pieces), "onetwo");
}

}  // namespace
}  // namespace pais::telemetry
