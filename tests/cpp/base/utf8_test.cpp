#include "base/utf8.h"

#include <gtest/gtest.h>
#include <string>

namespace pais {
namespace {

TEST(Utf8, TakesTextOfAllLengths) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("plain"));
  EXPECT_TRUE(is_utf8("Grüße, 世界, 🚀"));
  EXPECT_TRUE(is_utf8("\xED\x9F\xBF"));      // the last before the surrogates
  EXPECT_TRUE(is_utf8("\xF4\x8F\xBF\xBF"));  // the last there is
}

TEST(Utf8, RefusesWhatOnlyLooksLikeIt) {
  for (const char* bytes : {"\x80", "\xC0\xAF", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
                            "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xC3", "\xE2\x82", "\xC3("}) {
    EXPECT_FALSE(is_utf8(bytes)) << ::testing::PrintToString(std::string(bytes));
    EXPECT_FALSE(is_utf8(std::string("ok") + bytes + "ok")) << ::testing::PrintToString(std::string(bytes));
  }
}

TEST(Utf8, LooksAtEveryByteOfALongText) {
  for (std::size_t before = 0; before <= 24; ++before) {
    const std::string ascii(before, 'a');
    for (std::size_t after = 0; after <= 9; ++after) {
      EXPECT_TRUE(is_utf8(ascii + "é世🚀" + std::string(after, 'z'))) << before << ' ' << after;
      EXPECT_FALSE(is_utf8(ascii + "\xFF" + std::string(after, 'z'))) << before << ' ' << after;
    }
    EXPECT_FALSE(is_utf8(ascii + "\xE4\xB8")) << before;
  }
}

TEST(Utf8, MeasuresTheFirstCharacter) {
  EXPECT_EQ(first_character("a…"), 1U);
  EXPECT_EQ(first_character("…a"), 3U);
  EXPECT_EQ(first_character(""), 0U);
  EXPECT_EQ(first_character("\xFFz"), 0U);
}

TEST(Utf8, CutsTextBetweenTwoCharacters) {
  EXPECT_EQ(text_up_to("abc", 3), "abc");
  EXPECT_EQ(text_up_to("aü", 2), "a");
  EXPECT_EQ(text_up_to("\xF0\x9F\x98\x80", 3), "");
  EXPECT_EQ(text_up_to("a\xF0\x9F\x98\x80", 5), "a\xF0\x9F\x98\x80");
  EXPECT_EQ(text_up_to("\x80\x80\x80\x80\x80", 4).size(), 1U);
}

}  // namespace
}  // namespace pais
