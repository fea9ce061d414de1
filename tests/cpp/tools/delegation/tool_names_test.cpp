#include "tools/delegation/tool_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/captured_log.h"

namespace pais::tools::delegation {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

TEST(ToolNames, AreThoseOfTheAgents) {
  const test::CapturedLog log;

  EXPECT_THAT(tool_names({"math", "my-words_2"}), ElementsAre("delegate_to_math", "delegate_to_my-words_2"));
  EXPECT_EQ(log.text(), "");
}

TEST(ToolNames, AreMadeSuchThatModelsTakeThemAndSaidOnce) {
  const test::CapturedLog log;

  EXPECT_THAT(tool_names({"math.team", "words", "größe"}),
              ElementsAre("delegate_to_math_team", "delegate_to_words", "delegate_to_gr____e"));
  EXPECT_THAT(log.text(),
              AllOf(HasSubstr("WARN"), HasSubstr("math.team by delegate_to_math_team"), Not(HasSubstr("words by"))));
}

TEST(ToolNames, AreCutWhenTheyAreTooLongAndStayDifferent) {
  const std::string name(60, 'a');

  const auto names = tool_names({name + "1", name + "2"});

  EXPECT_EQ(names[0].size(), 64U);
  EXPECT_NE(names[0], names[1]);
  EXPECT_EQ(names, tool_names({name + "1", name + "2"}));
}

TEST(ToolNames, AreLeftToTheAgentsThatHaveThemAnyway) {
  EXPECT_THAT(tool_names({"math.team", "math_team", "math team"}),
              ElementsAre(MatchesRegex("delegate_to_math_team_[0-9a-f]{8}"), "delegate_to_math_team",
                          MatchesRegex("delegate_to_math_team_[0-9a-f]{8}")));
}

}  // namespace
}  // namespace pais::tools::delegation
