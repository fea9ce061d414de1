#include <atomic>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "support/cancellation.h"
#include "tools/mcp/client_under_test.h"

namespace pais::test {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tools::mcp::McpOptions;

constexpr std::size_t kMany = 40;

// Calls that nobody waits for very long.
std::vector<std::string> told_at_once(ClientUnderTest& client, std::size_t calls) {
  client.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
  std::vector<std::string> told(calls);
  {
    std::vector<std::jthread> runs;
    for (std::string& each : told) runs.emplace_back([&] { each = client.told("add"); });
  }
  return told;
}

TEST(McpCallGivenUp, EndsWithItsTimeAndSaysSoToModelAndServer) {
  FakeServer server;
  auto options = ClientUnderTest::options_for(server);
  options.call = std::chrono::milliseconds(50);
  ClientUnderTest client(std::move(options));
  server.on("tools/call", [](const Asked&) { return Reply::nothing().hang(); });

  EXPECT_THAT(client.told("add"), HasSubstr("failed: The tool 'add' did not answer in time"));

  ASSERT_TRUE(server.wait_for("notifications/cancelled"));
  const auto call = server.asked("tools/call").front();
  EXPECT_EQ(server.asked("notifications/cancelled").front().params()["requestId"].dump(), call.id());
}

TEST(McpCallGivenUp, EndsWithTheRunsDeadline) {
  FakeServer server;
  ClientUnderTest client(server);
  server.on("tools/call", [](const Asked&) { return Reply::nothing().hang(); });
  client.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(50);

  EXPECT_THAT(client.told("add"), HasSubstr("did not answer in time"));
}

TEST(McpCallGivenUp, EndsAtOnceWhenItIsStoppedAndTheServerIsTold) {
  FakeServer server;
  ClientUnderTest client(server);
  Signal under_way;
  server.on("tools/call", [&](const Asked&) {
    under_way.raise();
    return Reply::stream().hang();
  });

  const auto took =
      time_to_cancel(under_way, [&](std::stop_token stop) { return client.ask("add", "{}", stop).error(); });

  EXPECT_LT(took, std::chrono::seconds(2));
  ASSERT_TRUE(server.wait_for("notifications/cancelled"));
  EXPECT_EQ(server.asked("notifications/cancelled").front().http.header("mcp-session-id"), "s-1");
}

TEST(McpCallGivenUp, IsTakenBackInTheStatelessEraByHangingUpAlone) {
  FakeServer server;
  server.be_stateless();
  ClientUnderTest client(server);
  Signal under_way;
  Signal left;
  server.on("tools/call", [&](const Asked&) {
    under_way.raise();
    return Reply::stream().hang();
  });

  time_to_cancel(under_way, [&](std::stop_token stop) { return client.ask("add", "{}", stop).error(); });
  client.toolset->close();

  EXPECT_THAT(server.asked("notifications/cancelled"), IsEmpty());
}

TEST(McpCallGivenUp, IsToldOfEachOfMany) {
  FakeServer server;
  ClientUnderTest client(server);
  server.on("tools/call", [](const Asked&) { return Reply::nothing().hang(); });

  EXPECT_THAT(told_at_once(client, kMany), Each(HasSubstr("did not answer in time")));

  EXPECT_TRUE(server.wait_for("notifications/cancelled", kMany));
}

TEST(McpCallGivenUp, KeepsFewBusyWhereTheServerHangsAndNobodyElseWaiting) {
  FakeServer hung;
  FakeServer other;
  other.on("tools/list", [](const Asked& asked) { return asked.result(tool_list({"find"})); });
  McpOptions options = ClientUnderTest::options_for(hung);
  options.servers.push_back({.name = "other", .url = other.url()});
  ClientUnderTest client(std::move(options));
  hung.on("tools/call", [](const Asked&) { return Reply::nothing().hang(); });
  hung.on("notifications/cancelled", [](const Asked&) { return Reply::nothing().hang(); });
  std::atomic<bool> forgotten = true;
  other.on("tools/call", [&](const Asked& asked) {
    return forgotten.exchange(false) ? Reply::body(404, "") : asked.result(text_result("found"));
  });
  EXPECT_THAT(told_at_once(client, kMany), Each(HasSubstr("did not answer in time")));
  ASSERT_TRUE(hung.wait_for("notifications/cancelled", 4));

  client.deadline = {};
  EXPECT_EQ(client.told("find"), "found") << "the other's session is opened again in the background";

  EXPECT_THAT(hung.asked("notifications/cancelled"), SizeIs(4));
}

}  // namespace
}  // namespace pais::test
