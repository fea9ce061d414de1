#include "tools/mcp/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pais::tools::mcp {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Shelf shelf(const std::string& server, const std::vector<std::string>& names, bool offered = true) {
  std::vector<RemoteTool> tools;
  for (const std::string& name : names) tools.push_back({.name = name, .description = server, .parameters = "{}"});
  return {
      .server = server, .tools = std::make_shared<const std::vector<RemoteTool>>(std::move(tools)), .offered = offered};
}

std::vector<std::string> offered(const Catalog& catalog) {
  std::vector<std::string> names;
  for (const Tool& each : *catalog.offered()) names.push_back(each.name);
  return names;
}

TEST(Catalog, OffersToolsInTheOrderOfTheirServers) {
  const Catalog catalog({shelf("b", {"two", "one"}), shelf("a", {"three"})});

  EXPECT_THAT(offered(catalog), ElementsAre("two", "one", "three"));
  EXPECT_EQ(catalog.find("three")->server, 1U);
  EXPECT_EQ(catalog.find("three")->tool->name, "three");
  EXPECT_EQ(catalog.find("four"), nullptr);
}

TEST(Catalog, LeavesANameToTheFirstAndGivesTheSecondItsServersInFront) {
  const Catalog catalog({shelf("web", {"search"}), shelf("docs", {"search", "read"})});

  EXPECT_THAT(offered(catalog), ElementsAre("search", "docs_search", "read"));
  EXPECT_EQ(catalog.find("docs_search")->server, 1U);
  EXPECT_EQ(catalog.find("docs_search")->tool->name, "search");
  EXPECT_THAT(catalog.renamed(), ElementsAre("docs_search"));
}

TEST(Catalog, NeverLetsAToolPassForADelegation) {
  const Catalog catalog({shelf("web", {"delegate_to_math"}), shelf("delegate_to", {"delegate_to_x"})});

  EXPECT_THAT(offered(catalog), ElementsAre("web_delegate_to_math"));
  EXPECT_EQ(catalog.find("delegate_to_math"), nullptr);
}

TEST(Catalog, KeepsTheNamesOfAServerThatIsAway) {
  const Catalog catalog({shelf("web", {"search"}, false), shelf("docs", {"search"})});

  EXPECT_THAT(offered(catalog), ElementsAre("docs_search"));
  EXPECT_EQ(catalog.find("search")->server, 0U);
}

TEST(Catalog, KnowsNothingOfAServerThatWasNeverHeardOf) {
  const Catalog catalog({{.server = "web", .tools = nullptr}, shelf("docs", {"search"})});

  EXPECT_THAT(offered(catalog), ElementsAre("search"));
}

TEST(Catalog, LeavesANameWhereItWasThoughAnEarlierServerIsHeardOfLater) {
  const Catalog first({{.server = "web", .tools = nullptr}, shelf("docs", {"search"})});
  const Catalog then({shelf("web", {"search", "read"}), shelf("docs", {"search"})}, first);
  const Catalog without({shelf("web", {"search", "read"}), shelf("docs", {})}, then);
  const Catalog anew({shelf("web", {"search", "read"}), shelf("docs", {"search"})}, without);

  EXPECT_THAT(offered(then), ElementsAre("web_search", "read", "search"));
  EXPECT_EQ(then.find("search")->server, 1U);
  EXPECT_EQ(then.find("web_search")->server, 0U);
  EXPECT_THAT(offered(without), ElementsAre("web_search", "read"));
  EXPECT_THAT(offered(anew), ElementsAre("web_search", "read", "search"));
}

TEST(Catalog, MakesNamesThatModelsCanUse) {
  const Catalog catalog({shelf("s", {"files.read", "größe", "a b"})});

  EXPECT_THAT(offered(catalog), ElementsAre("files_read", "gr____e", "a_b"));
  EXPECT_EQ(catalog.find("files_read")->tool->name, "files.read");
}

TEST(Catalog, TellsNamesApartThatBecomeTheSame) {
  const Catalog catalog({shelf("s", {"a.b", "a:b", "a/b"})});

  const auto names = offered(catalog);
  ASSERT_EQ(names.size(), 3U);
  EXPECT_EQ(names[0], "a_b");
  EXPECT_EQ(names[1], "s_a_b");
  EXPECT_EQ(catalog.find(names[2])->tool->name, "a/b");
}

TEST(Catalog, ShortensNamesToWhatModelServersTakeAndKeepsThemApart) {
  const std::string stem(100, 'x');
  const Catalog catalog({shelf("s", {stem + "1", stem + "2"})});

  const auto names = offered(catalog);
  ASSERT_EQ(names.size(), 2U);
  EXPECT_NE(names[0], names[1]);
  EXPECT_EQ(names[0].size(), Catalog::kMaxNameBytes);
  EXPECT_THAT(catalog.renamed(), IsEmpty());
}

}  // namespace
}  // namespace pais::tools::mcp
