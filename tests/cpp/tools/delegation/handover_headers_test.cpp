#include "tools/delegation/handover_headers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

namespace pais::tools::delegation {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

TEST(HandoverHeaders, TellOnlyWhatThereIs) {
  EXPECT_THAT(to_headers({.lineage = {.depth = 1}}), ElementsAre(Pair("X-PAIS-Delegation-Depth", "1")));
}

TEST(HandoverHeaders, TellWhoStandsAboveAndWhatIsLeft) {
  const Handover handover{.lineage = {.depth = 2, .path = {"boss", "my friend, ö"}},
                          .time = milliseconds(1505),
                          .allowance = {.steps = 3, .tokens = 900}};

  EXPECT_THAT(to_headers(handover), ElementsAre(Pair("X-PAIS-Delegation-Depth", "2"),
                                                Pair("X-PAIS-Delegation-Path", "boss,my%20friend%2C%20%C3%B6"),
                                                Pair("X-PAIS-Budget-Seconds", "1.505"),
                                                Pair("X-PAIS-Budget-Steps", "3"), Pair("X-PAIS-Budget-Tokens", "900")));
}

TEST(HandoverHeaders, AreReadAsTheyWereWritten) {
  const Handover handover{.lineage = {.depth = 2, .path = {"100%", "a,b"}},
                          .time = milliseconds(60'000),
                          .allowance = {.steps = 0, .tokens = 1}};

  const Handover read = read_handover(to_headers(handover));

  EXPECT_EQ(read.lineage.depth, 2);
  EXPECT_THAT(read.lineage.path, ElementsAre("100%", "a,b"));
  EXPECT_EQ(read.time, milliseconds(60'000));
  EXPECT_EQ(read.allowance.steps, 0);
  EXPECT_EQ(read.allowance.tokens, 1);
}

TEST(HandoverHeaders, OfAUserSayNothing) {
  const Handover read = read_handover({});

  EXPECT_EQ(read.lineage.depth, 0);
  EXPECT_THAT(read.lineage.path, IsEmpty());
  EXPECT_FALSE(read.time || read.allowance.steps || read.allowance.tokens);
}

TEST(HandoverHeaders, ThatCannotBeReadLiftNoLimit) {
  const Handover read = read_handover({{"X-PAIS-Delegation-Depth", "many"},
                                       {"X-PAIS-Budget-Seconds", "inf"},
                                       {"X-PAIS-Budget-Steps", "-1"},
                                       {"X-PAIS-Budget-Tokens", "99999999999999999999"}});

  EXPECT_EQ(read.lineage.depth, 1);
  EXPECT_FALSE(read.time || read.allowance.steps || read.allowance.tokens);
}

TEST(HandoverHeaders, OfALineageWithoutEndAreCut) {
  std::string path;
  for (int i = 0; i < 500; ++i) path += "a, ,";

  const Handover read =
      read_handover({{"X-PAIS-Delegation-Depth", "999999999"}, {"X-PAIS-Delegation-Path", path + "%4"}});

  EXPECT_THAT(read.lineage.path, SizeIs(100));
  EXPECT_LE(read.lineage.depth, 1000);
}

}  // namespace
}  // namespace pais::tools::delegation
