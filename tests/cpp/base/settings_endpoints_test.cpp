#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/settings.h"
#include "settings_of_a_test.h"

namespace pais {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Loaded load(Variables more) {
  return pais::load(complete(std::move(more)));
}

std::vector<std::string> strict_problems(Variables more) {
  more["PAIS_STRICT"] = "true";
  return problems_of(complete(std::move(more)));
}

auto server(const std::string& name, const std::string& url, const std::string& token = "") {
  return AllOf(Field(&McpServer::name, name), Field(&McpServer::url, url), Field(&McpServer::token, token));
}

auto agent(const std::string& name, const std::string& url, const std::string& key = "") {
  return AllOf(Field(&SubAgent::name, name), Field(&SubAgent::url, url), Field(&SubAgent::api_key, key));
}

TEST(McpServers, AreFoundByTheirExactNameFirst) {
  const Loaded loaded = load({{"MCP_SERVERS", "my-mcp,Files"},
                              {"MCP_SERVER_my-mcp_URL", "http://exact"},
                              {"MCP_SERVER_MY_MCP_URL", "http://upper"},
                              {"MCP_SERVER_FILES_URL", "http://files"}});

  EXPECT_THAT(loaded.settings.mcp,
              ElementsAre(server("my-mcp", "http://exact/mcp"), server("Files", "http://files/mcp")));
  EXPECT_THAT(loaded.warnings, IsEmpty());
  EXPECT_EQ(loaded.origins.at("MCP_SERVER_my-mcp_URL"), "environment");
}

TEST(McpServers, KeepTheirOrderInAllThreeFormsOfAList) {
  for (const char* list : {"b,a", "[b, a]", R"(["b","a"])"}) {
    const Loaded loaded =
        load({{"MCP_SERVERS", list}, {"MCP_SERVER_a_URL", "http://a"}, {"MCP_SERVER_b_URL", "http://b"}});

    EXPECT_THAT(loaded.settings.mcp, ElementsAre(server("b", "http://b/mcp"), server("a", "http://a/mcp"))) << list;
  }
}

TEST(McpServers, GetThePathOfTheProtocol) {
  for (const auto& [said, meant] :
       std::vector<std::pair<std::string, std::string>>{{"http://h/", "http://h/mcp"},
                                                        {"http://h/mcp", "http://h/mcp"},
                                                        {"http://h/mcp/", "http://h/mcp"},
                                                        {"https://h/tools?key=1", "https://h/tools/mcp?key=1"}}) {
    EXPECT_THAT(load({{"MCP_SERVERS", "x"}, {"MCP_SERVER_x_URL", said}}).settings.mcp, ElementsAre(server("x", meant)));
  }
}

TEST(McpServers, HaveTokensInBothSpellings) {
  const Loaded loaded = load({{"MCP_SERVERS", "my-a,b"},
                              {"MCP_SERVER_my-a_URL", "http://a"},
                              {"MCP_SERVER_MY_A_TOKEN", "t1"},
                              {"MCP_SERVER_b_URL", "http://b"},
                              {"MCP_SERVER_b_TOKEN", "t2"}});

  EXPECT_THAT(loaded.settings.mcp,
              ElementsAre(server("my-a", "http://a/mcp", "t1"), server("b", "http://b/mcp", "t2")));
}

TEST(McpServers, HaveHeadersInBothSpellings) {
  const Loaded loaded = load({{"MCP_SERVERS", "my-a,b"},
                              {"MCP_SERVER_my-a_URL", "http://a"},
                              {"MCP_SERVER_MY_A_HEADERS", "X-Team=blue, X-Note=a%2Cb"},
                              {"MCP_SERVER_b_URL", "http://b"},
                              {"MCP_SERVER_b_HEADERS", "X-Key=k"}});

  ASSERT_EQ(loaded.settings.mcp.size(), 2U);
  EXPECT_EQ(loaded.settings.mcp[0].headers, (Pairs{{"X-Team", "blue"}, {"X-Note", "a,b"}}));
  EXPECT_EQ(loaded.settings.mcp[1].headers, (Pairs{{"X-Key", "k"}}));
}

TEST(McpServers, RefuseHeadersThatAreNoneWithoutShowingThem) {
  EXPECT_THAT(problems_of(complete(
                  {{"MCP_SERVERS", "a"}, {"MCP_SERVER_a_URL", "http://a"}, {"MCP_SERVER_a_HEADERS", "hush-hush"}})),
              ElementsAre("MCP_SERVER_a_HEADERS: its value (not shown) is not a list of name=value"));
}

TEST(McpServers, AreLeftOutWithoutAnAddress) {
  const Variables said = {{"MCP_SERVERS", "a,b,c"}, {"MCP_SERVER_b_URL", "http://b"}, {"MCP_SERVER_c_URL", " "}};

  const Loaded loaded = load(said);

  EXPECT_THAT(loaded.settings.mcp, ElementsAre(server("b", "http://b/mcp")));
  EXPECT_THAT(loaded.warnings, ElementsAre("No URL found for MCP server a (expected MCP_SERVER_a_URL)",
                                           "No URL found for MCP server c (expected MCP_SERVER_c_URL)"));
  EXPECT_EQ(strict_problems(said), loaded.warnings);
}

TEST(McpServers, AreLeftOutWithABadAddress) {
  const Loaded loaded = load({{"MCP_SERVERS", "a"}, {"MCP_SERVER_a_URL", "localhost:80"}});

  EXPECT_THAT(loaded.settings.mcp, IsEmpty());
  EXPECT_THAT(loaded.warnings, ElementsAre(HasSubstr("MCP_SERVER_a_URL")));
}

TEST(McpServers, CountOnceHoweverOftenTheyAreNamed) {
  const Loaded loaded =
      load({{"MCP_SERVERS", "a,b,a,b"}, {"MCP_SERVER_a_URL", "http://a"}, {"MCP_SERVER_b_URL", "http://b"}});

  EXPECT_THAT(loaded.settings.mcp, ElementsAre(server("a", "http://a/mcp"), server("b", "http://b/mcp")));
  EXPECT_THAT(loaded.warnings, ElementsAre("MCP_SERVERS: named more than once, the last one counts: a,b"));
}

TEST(McpServers, MayBeSaidInAFile) {
  const auto result =
      read_settings({.environment = {{"AGENT_NAME", "a"}, {"MODEL_NAME", "m"}, {"MODEL_API_URL", "http://m"}},
                     .env_files = {{".env", "MCP_SERVERS=my-mcp\nMCP_SERVER_my-mcp_URL=http://x\n"}}});

  EXPECT_THAT(std::get<Loaded>(result).settings.mcp, ElementsAre(server("my-mcp", "http://x/mcp")));
}

TEST(SubAgents, AreSplitAtCommasAndThenAtTheFirstColon) {
  const Loaded loaded = load({{"AGENT_SUB_AGENTS", "a:http://a:8000/, my-b : https://b"}});

  EXPECT_THAT(loaded.settings.sub_agents, ElementsAre(agent("a", "http://a:8000"), agent("my-b", "https://b")));
}

TEST(SubAgents, MayStandInBracketsAndQuotes) {
  for (const char* list : {"[a:http://a, b:http://b]", R"(["a:http://a","b:http://b"])"}) {
    EXPECT_THAT(load({{"AGENT_SUB_AGENTS", list}}).settings.sub_agents,
                ElementsAre(agent("a", "http://a"), agent("b", "http://b")))
        << list;
  }
}

TEST(SubAgents, AreSkippedOneWarningEachWhenTheyMakeNoSense) {
  const Variables said = {{"AGENT_SUB_AGENTS", "nothing,a:http://a,:http://b,c:,d:localhost"}};

  const Loaded loaded = load(said);

  EXPECT_THAT(loaded.settings.sub_agents, ElementsAre(agent("a", "http://a")));
  EXPECT_THAT(loaded.warnings,
              ElementsAre(HasSubstr("entry 1 "), HasSubstr("entry 3 "), HasSubstr("entry 4 "), HasSubstr("entry 5 ")));
  EXPECT_EQ(strict_problems(said).size(), 4U);
}

TEST(SubAgents, AreAddressedWithoutTheirOwnPaths) {
  for (const char* path : {"/.well-known/agent.json", "/.well-known/agent-card.json", "/v1", "/v1/chat/completions"}) {
    for (const char* end : {"", "/"}) {
      const std::string url = std::string("http://me:hush@h:8000/team") + path + end;

      const Loaded sub = load({{"AGENT_SUB_AGENTS", "a:" + url}});
      const Loaded peer = load({{"PEER_AGENTS", "a"}, {"PEER_AGENT_A_CARD_URL", url}});

      EXPECT_THAT(sub.settings.sub_agents, ElementsAre(agent("a", "http://me:hush@h:8000/team"))) << url;
      EXPECT_THAT(peer.settings.sub_agents, ElementsAre(agent("a", "http://me:hush@h:8000/team"))) << url;
      const std::string warning =
          ": " + std::string(path) + " is a path of agent a, whose address is taken to be http://me:***@h:8000/team";
      EXPECT_THAT(sub.warnings, ElementsAre("AGENT_SUB_AGENTS" + warning));
      EXPECT_THAT(peer.warnings, ElementsAre("PEER_AGENT_A_CARD_URL" + warning));
    }
  }
}

TEST(SubAgents, KeepOtherPathsAndHostsThatAreCalledLikeOne) {
  const Loaded loaded = load({{"AGENT_SUB_AGENTS", "a:http://v1/,b:http://h/v12,c:http://h/agents/v1x"}});

  EXPECT_THAT(loaded.settings.sub_agents,
              ElementsAre(agent("a", "http://v1"), agent("b", "http://h/v12"), agent("c", "http://h/agents/v1x")));
  EXPECT_THAT(loaded.warnings, IsEmpty());
}

TEST(SubAgents, TakeTheLastAddressOfARepeatedName) {
  const Loaded loaded = load({{"AGENT_SUB_AGENTS", "a:http://one,b:http://b,a:http://two"}});

  EXPECT_THAT(loaded.settings.sub_agents, ElementsAre(agent("a", "http://two"), agent("b", "http://b")));
  EXPECT_THAT(loaded.warnings, ElementsAre("AGENT_SUB_AGENTS: named more than once, the last one counts: a"));
}

TEST(SubAgents, WinOverPeersAsAWhole) {
  const Variables peers = {{"PEER_AGENTS", "p"}, {"PEER_AGENT_P_CARD_URL", "http://p"}};
  Variables both = peers;
  both["AGENT_SUB_AGENTS"] = "a:http://a";
  Variables empty = peers;
  empty["AGENT_SUB_AGENTS"] = " ";

  EXPECT_THAT(load(both).settings.sub_agents, ElementsAre(agent("a", "http://a")));
  EXPECT_THAT(load(empty).settings.sub_agents, ElementsAre(agent("p", "http://p")));
}

TEST(PeerAgents, AreFoundInCapitalsWithUnderscoresForHyphens) {
  const Loaded loaded = load({{"PEER_AGENTS", "my-peer,v1.2"},
                              {"PEER_AGENT_MY_PEER_CARD_URL", "http://p:8000/"},
                              {"PEER_AGENT_V1_2_CARD_URL", "http://v"}});

  EXPECT_THAT(loaded.settings.sub_agents, ElementsAre(agent("my-peer", "http://p:8000"), agent("v1.2", "http://v")));
}

TEST(PeerAgents, AreLeftOutWithoutAnAddress) {
  const Variables said = {{"PEER_AGENTS", "my-peer"}};

  EXPECT_THAT(load(said).warnings,
              ElementsAre("No URL found for peer agent my-peer (expected PEER_AGENT_MY_PEER_CARD_URL)"));
  EXPECT_EQ(strict_problems(said).size(), 1U);
}

TEST(PeerAgents, BringTheirKeysHoweverTheyWereNamed) {
  const Loaded peer =
      load({{"PEER_AGENTS", "my-p"}, {"PEER_AGENT_MY_P_CARD_URL", "http://p"}, {"PEER_AGENT_MY_P_API_KEY", "k"}});
  const Loaded sub = load({{"AGENT_SUB_AGENTS", "v1.2:http://p"}, {"PEER_AGENT_V1_2_API_KEY", "k"}});

  EXPECT_THAT(peer.settings.sub_agents, ElementsAre(agent("my-p", "http://p", "k")));
  EXPECT_THAT(sub.settings.sub_agents, ElementsAre(agent("v1.2", "http://p", "k")));
}

}  // namespace
}  // namespace pais
