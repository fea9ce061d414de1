#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/captured_log.h"
#include "tools/mcp/client_under_test.h"

namespace pais::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using State = tools::mcp::ServerStatus::State;

// An address where nobody listens.
std::string nowhere() {
  const RawServer gone([](RawPeer&) {});
  return gone.url("/mcp");
}

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t found = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

TEST(McpOutage, CostsOnlyTheToolsOfTheServerThatIsAway) {
  FakeServer server;
  ClientUnderTest client(
      tools::mcp::McpOptions{.servers = {{.name = "gone", .url = nowhere()}, {.name = "here", .url = server.url()}}});

  EXPECT_THAT(client.names(), ElementsAre("add"));
  EXPECT_EQ(client.state(0), State::unavailable);
  EXPECT_EQ(client.state(1), State::ready);
  EXPECT_EQ(client.told("add"), "done");
}

TEST(McpOutage, EndsByItselfWhenTheServerIsBack) {
  FakeServer server;
  server.on("initialize", [](const Asked&) { return Reply::body(503, "starting"); });
  ClientUnderTest client(server);
  EXPECT_EQ(client.state(), State::unavailable);
  EXPECT_THAT(client.names(), IsEmpty());

  server.on("initialize",
            [](const Asked& asked) { return asked.result(R"({"protocolVersion":"2025-06-18","capabilities":{}})"); });

  EXPECT_TRUE(client.becomes(State::ready));
  EXPECT_TRUE(eventually([&] { return client.names().size() == 1; }));
  EXPECT_EQ(client.told("add"), "done");
}

TEST(McpOutage, IsOneLineInTheLogHoweverLongItTakes) {
  const CapturedLog log;
  FakeServer server;
  server.on("initialize", [](const Asked&) { return Reply::body(503, "starting"); });
  ClientUnderTest client(server);

  EXPECT_TRUE(server.wait_for("initialize", 4));

  EXPECT_EQ(count(log.text(), "MCP server fake is unavailable"), 1U);
}

TEST(McpOutage, IsNoticedByACallThatIsThenNotMade) {
  auto server = std::make_unique<FakeServer>();
  ClientUnderTest client(*server);
  server.reset();

  EXPECT_EQ(client.told("add"), "failed: The tool 'add' was not called: its server cannot be reached at the moment.");

  EXPECT_TRUE(client.becomes(State::unavailable));
  EXPECT_TRUE(eventually([&] { return client.names().empty(); }));
  EXPECT_THAT(client.told("add"), HasSubstr("cannot be reached")) << "a run may still know the tool";
}

TEST(McpOutage, EndsTheTurnOnlyWhereServersAreRequired) {
  auto server = std::make_unique<FakeServer>();
  auto options = ClientUnderTest::options_for(*server);
  options.required = true;
  ClientUnderTest client(std::move(options));
  server.reset();

  const auto result = client.ask("add");

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::mcp_unavailable);
}

TEST(McpOutage, InMidCallIsToldAndTheCallNotRepeated) {
  FakeServer server;
  ClientUnderTest client(server);
  server.on("tools/call", [](const Asked&) { return Reply::nothing().reset(); });

  EXPECT_THAT(client.told("add"), HasSubstr("may have been done"));

  EXPECT_THAT(server.asked("tools/call"), SizeIs(1));
}

TEST(McpOutage, LeavesNoHungServerOffered) {
  FakeServer server;
  auto options = ClientUnderTest::options_for(server);
  options.handshake = std::chrono::milliseconds(50);
  options.refresh = std::chrono::milliseconds(20);
  ClientUnderTest client(std::move(options));
  server.on("tools/list", [](const Asked&) { return Reply::nothing().hang(); });

  EXPECT_TRUE(client.becomes(State::unavailable));
}

TEST(McpList, IsReadOnceAndKept) {
  FakeServer server;
  ClientUnderTest client(server);

  for (int i = 0; i < 100; ++i) EXPECT_THAT(client.names(), ElementsAre("add"));

  EXPECT_THAT(server.asked("tools/list"), SizeIs(1));
  EXPECT_EQ(client.toolset->tools(), client.toolset->tools());
}

TEST(McpList, IsReadOverAllItsPages) {
  FakeServer server;
  server.on("tools/list", [](const Asked& asked) {
    const int page = std::stoi("0" + asked.params().value("cursor", ""));
    std::vector<std::string> names;
    for (int i = 0; i < 100; ++i) names.push_back("tool_" + std::to_string(page * 100 + i));
    return asked.result(tool_list(names, page < 2 ? std::to_string(page + 1) : ""));
  });
  ClientUnderTest client(server);

  EXPECT_THAT(client.names(), SizeIs(300));
  EXPECT_EQ(client.names().back(), "tool_299");
}

TEST(McpList, ThatDoesNotEndIsTakenAsFarAsItGoes) {
  FakeServer server;
  server.on("tools/list", [](const Asked& asked) { return asked.result(tool_list({"add"}, "again")); });
  ClientUnderTest client(server);

  EXPECT_THAT(client.names(), ElementsAre("add"));
  EXPECT_THAT(server.asked("tools/list"), SizeIs(2));
}

TEST(McpList, IsReadAgainEveryNowAndThen) {
  FakeServer server;
  auto options = ClientUnderTest::options_for(server);
  options.refresh = std::chrono::milliseconds(20);
  ClientUnderTest client(std::move(options));
  const auto before = client.toolset->tools();
  EXPECT_TRUE(server.wait_for("tools/list", 3));
  EXPECT_EQ(client.toolset->tools(), before) << "an unchanged list is the same list";

  server.on("tools/list", [](const Asked& asked) { return asked.result(tool_list({"add", "subtract"})); });

  EXPECT_TRUE(eventually([&] { return client.names().size() == 2; }));
}

TEST(McpList, IsReadAgainWhenTheServersOwnStreamSaysSo) {
  FakeServer server;
  server.speak("2025-11-25", true);
  const auto changed = std::make_shared<Signal>();
  server.on("GET", [&](const Asked&) {
    return Reply::stream()
        .wait(changed)
        .event(R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})")
        .hang();
  });
  ClientUnderTest client(server);
  ASSERT_TRUE(server.wait_for("GET"));
  EXPECT_EQ(server.asked("GET").front().http.header("accept"), "text/event-stream");

  server.on("tools/list", [](const Asked& asked) { return asked.result(tool_list({"add", "subtract"})); });
  changed->raise();

  EXPECT_TRUE(eventually([&] { return client.names().size() == 2; }));
}

TEST(McpList, IsReadAgainWhenASubscriptionSaysSo) {
  FakeServer server;
  server.be_stateless(true);
  const auto changed = std::make_shared<Signal>();
  server.on("subscriptions/listen", [&](const Asked&) {
    return Reply::stream()
        .event(R"({"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{}})")
        .wait(changed)
        .event(R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})")
        .hang();
  });
  ClientUnderTest client(server);
  ASSERT_TRUE(server.wait_for("subscriptions/listen"));
  EXPECT_EQ(server.asked("subscriptions/listen").front().params()["notifications"]["toolsListChanged"], true);

  server.on("tools/list", [](const Asked& asked) { return asked.result(tool_list({"add", "subtract"})); });
  changed->raise();

  EXPECT_TRUE(eventually([&] { return client.names().size() == 2; }));
}

TEST(McpList, IsReadAgainWhenAnAnswerSaysSoOnTheWay) {
  FakeServer server;
  ClientUnderTest client(server);
  server.on("tools/list", [](const Asked& asked) { return asked.result(tool_list({"add", "subtract"})); });
  server.on("tools/call", [](const Asked& asked) {
    return Reply::stream()
        .event(R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})")
        .event(asked.result_text(text_result("done")))
        .end();
  });

  EXPECT_EQ(client.told("add"), "done");

  EXPECT_TRUE(eventually([&] { return client.names().size() == 2; }));
}

TEST(McpList, IsReadEverLessOftenWhenReadingItIsWhatMakesTheServerSaySo) {
  std::mutex mutex;
  std::vector<std::chrono::steady_clock::time_point> asked_at;
  FakeServer server;
  server.on("tools/list", [&](const Asked& asked) {
    const std::scoped_lock lock(mutex);
    asked_at.push_back(std::chrono::steady_clock::now());
    return Reply::stream()
        .event(R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})")
        .event(asked.result_text(tool_list({"add"})))
        .end();
  });
  const ClientUnderTest client(server);

  ASSERT_TRUE(eventually([&] {
    const std::scoped_lock lock(mutex);
    return asked_at.size() >= 6;
  }));

  const std::scoped_lock lock(mutex);
  EXPECT_GE(asked_at[5] - asked_at[0], std::chrono::milliseconds(100 + 200 + 400 + 800 + 1000));
}

TEST(McpList, OfAServerWithoutToolsIsEmpty) {
  FakeServer server;
  server.on("tools/list", [](const Asked& asked) { return asked.refusal(200, -32601, "Method not found"); });
  ClientUnderTest client(server);

  EXPECT_EQ(client.state(), State::ready);
  EXPECT_THAT(client.names(), IsEmpty());
}

TEST(McpList, OpensNoConnectionOnceItIsKept) {
  FakeServer server;
  ClientUnderTest client(server);
  const int connections = server.connections();

  for (int i = 0; i < 10; ++i) client.toolset->tools();
  client.toolset->servers();

  EXPECT_EQ(server.connections(), connections);
}

TEST(McpCounts, TellCallsSessionsAndWhetherAServerIsThere) {
  FakeServer server;
  auto client = std::make_unique<ClientUnderTest>(server);
  telemetry::Metrics metrics;
  client->toolset->count_in(metrics);

  client->told("add");
  server.on("tools/call", [](const Asked& asked) { return asked.refusal(200, -32602, "no"); });
  client->told("add");

  const std::string page = metrics.prometheus();
  EXPECT_THAT(page, HasSubstr(R"(pais_mcp_calls_total{server="fake",outcome="answered"} 1)"));
  EXPECT_THAT(page, HasSubstr(R"(pais_mcp_calls_total{server="fake",outcome="refused"} 1)"));
  EXPECT_THAT(page, HasSubstr(R"(pais_mcp_call_duration_seconds_count{server="fake"} 2)"));
  EXPECT_THAT(page, HasSubstr(R"(pais_mcp_up{server="fake"} 1)"));
  EXPECT_THAT(page, HasSubstr(R"(pais_mcp_tools{server="fake"} 1)"));

  client.reset();
  EXPECT_THAT(metrics.prometheus(), HasSubstr(R"(pais_mcp_up{server="fake"} 0)"));
}

TEST(Mcp, IsNothingWithoutServers) {
  EXPECT_EQ(tools::mcp::open_mcp({}, std::make_shared<const http::Client>()), nullptr);
}

}  // namespace
}  // namespace pais::test
