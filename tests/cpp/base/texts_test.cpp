#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "base/joined.h"
#include "base/mentions.h"

namespace pais {
namespace {

TEST(Joined, PutsWhatIsBetweenOnlyBetweenTwoTexts) {
  EXPECT_EQ(joined(std::vector<std::string>{}, ", "), "");
  EXPECT_EQ(joined(std::vector<std::string>{"one"}, ", "), "one");
  EXPECT_EQ(joined(std::vector<std::string>{"", "two", ""}, ", "), ", two, ");
}

TEST(Mentions, FindsAWordInAnyLetterCaseAndNoOtherWord) {
  EXPECT_TRUE(mentions("Text/Event-Stream; charset=utf-8", "text/event-stream"));
  EXPECT_TRUE(mentions("anything", ""));
  EXPECT_FALSE(mentions("text/event", "text/event-stream"));
  EXPECT_FALSE(mentions("", "json"));
}

}  // namespace
}  // namespace pais
