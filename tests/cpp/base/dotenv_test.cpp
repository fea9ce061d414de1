#include "base/dotenv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

namespace pais {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(DotEnv, ReadsNamesAndValues) {
  const DotEnv read = parse_dotenv("A=1\nB = two words \n\n  C=\nMCP_SERVER_my-mcp_URL=http://x\n");

  EXPECT_THAT(read.entries, ElementsAre(Pair("A", "1"), Pair("B", "two words"), Pair("C", ""),
                                        Pair("MCP_SERVER_my-mcp_URL", "http://x")));
  EXPECT_THAT(read.bad_lines, IsEmpty());
}

TEST(DotEnv, PassesOverCommentsExportsAndTheByteOrderMark) {
  const DotEnv read = parse_dotenv("\xEF\xBB\xBF# first\nexport A=1 # why\n  # more\nB=a#b\nC=#all\nexport=x");

  EXPECT_THAT(read.entries, ElementsAre(Pair("A", "1"), Pair("B", "a#b"), Pair("C", ""), Pair("export", "x")));
  EXPECT_THAT(read.bad_lines, IsEmpty());
}

TEST(DotEnv, ReadsWindowsLineEnds) {
  const DotEnv read = parse_dotenv("A=1\r\nB=\"2\"\r\n\r\nC='3' # c\r\nD=4\r");

  EXPECT_THAT(read.entries, ElementsAre(Pair("A", "1"), Pair("B", "2"), Pair("C", "3"), Pair("D", "4")));
  EXPECT_THAT(read.bad_lines, IsEmpty());
}

TEST(DotEnv, UnderstandsEscapesInDoubleQuotesOnly) {
  const DotEnv read = parse_dotenv(R"(A="a\nb\t\"c\" \\ \$ \z #x"
B='a\n"b" $C #x'
C=a\nb)");

  EXPECT_THAT(read.entries,
              ElementsAre(Pair("A", "a\nb\t\"c\" \\ $ \\z #x"), Pair("B", "a\\n\"b\" $C #x"), Pair("C", "a\\nb")));
}

TEST(DotEnv, ReadsQuotedValuesOverSeveralLines) {
  const DotEnv read = parse_dotenv("A=\"one\ntwo\"\nB='three\nfour'\nC=5\n");

  EXPECT_THAT(read.entries, ElementsAre(Pair("A", "one\ntwo"), Pair("B", "three\nfour"), Pair("C", "5")));
}

TEST(DotEnv, PutsInWhatReferencesStandFor) {
  const Lookup world = [](std::string_view name) -> std::optional<std::string> {
    if (name == "HOST") return "world";
    return std::nullopt;
  };

  const DotEnv read = parse_dotenv(
      "PORT=80\nHOST=file\nA=http://${HOST}:${PORT}/$x\nB=\"${NONE:-else}${NONE}\"\nC='${HOST}'\nD=${bad name}${\n"
      "E=\"\\${HOST}\"\n",
      world);

  EXPECT_THAT(read.entries,
              ElementsAre(Pair("PORT", "80"), Pair("HOST", "file"), Pair("A", "http://world:80/$x"), Pair("B", "else"),
                          Pair("C", "${HOST}"), Pair("D", "${bad name}${"), Pair("E", "${HOST}")));
}

TEST(DotEnv, NamesTheLinesItCannotRead) {
  const DotEnv read = parse_dotenv("A=1\nnonsense\n=2\nB=\"x\" y\nC='never closed\nD=4\n\xFF=5\nexport E\n");

  EXPECT_THAT(read.entries, ElementsAre(Pair("A", "1"), Pair("D", "4")));
  EXPECT_THAT(read.bad_lines, ElementsAre(2, 3, 4, 5, 7, 8));
}

TEST(DotEnv, RefusesReferencesThatGrowWithoutEnd) {
  std::string text = "A0=0123456789\n";
  for (int i = 1; i < 60; ++i) {
    const std::string before = "${A" + std::to_string(i - 1) + "}";
    text += "A" + std::to_string(i) + "=" + before + before + "\n";
  }

  const DotEnv read = parse_dotenv(text);

  for (const auto& [name, value] : read.entries) EXPECT_LE(value.size(), 128U * 1024U) << name;
  EXPECT_FALSE(read.bad_lines.empty());
}

TEST(DotEnv, TakesTheEmptyTextAndTextWithoutALastLineBreak) {
  EXPECT_THAT(parse_dotenv("").entries, IsEmpty());
  EXPECT_THAT(parse_dotenv("A=1").entries, ElementsAre(Pair("A", "1")));
  EXPECT_THAT(parse_dotenv("A=").entries, ElementsAre(Pair("A", "")));
}

}  // namespace
}  // namespace pais
