#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/mcp/client_under_test.h"

namespace pais::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using State = tools::mcp::ServerStatus::State;

TEST(McpSession, BeginsWithAHandshakeAndIsNamedInEveryRequestAfterIt) {
  FakeServer server;
  ClientUnderTest client(server);

  EXPECT_EQ(client.told("add", R"({"a":1})"), "done");

  EXPECT_EQ(client.toolset->servers().front().protocol, "2025-11-25");
  const auto handshake = server.asked("initialize").front();
  EXPECT_EQ(handshake.params()["protocolVersion"], "2025-11-25");
  EXPECT_EQ(handshake.params()["capabilities"], nlohmann::json::object());
  EXPECT_EQ(handshake.params()["clientInfo"]["name"], "pais");
  EXPECT_EQ(handshake.http.header("mcp-session-id"), "");
  for (const char* method : {"notifications/initialized", "tools/list", "tools/call"}) {
    const auto asked = server.asked(method).front();
    EXPECT_EQ(asked.http.header("mcp-session-id"), "s-1") << method;
    EXPECT_EQ(asked.http.header("mcp-protocol-version"), "2025-11-25") << method;
    EXPECT_EQ(asked.http.header("accept"), "application/json, text/event-stream") << method;
    EXPECT_EQ(asked.http.header("content-type"), "application/json") << method;
  }
}

TEST(McpSession, TakesEachVersionOfTheHandshakeEra) {
  for (const char* version : {"2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"}) {
    FakeServer server;
    server.speak(version);
    ClientUnderTest client(server);

    EXPECT_EQ(client.toolset->servers().front().protocol, version);
    EXPECT_EQ(server.asked("tools/list").front().http.header("mcp-protocol-version"), version);
  }
}

TEST(McpSession, IsRefusedInAVersionThatNobodyKnows) {
  FakeServer server;
  server.speak("1999-12-31");
  ClientUnderTest client(server);

  EXPECT_EQ(client.state(), State::unavailable);
  EXPECT_THAT(client.toolset->servers().front().problem->describe(), HasSubstr("1999-12-31"));
  EXPECT_TRUE(server.wait_for("DELETE"));
}

TEST(McpSession, IsNoneInTheStatelessEraWhereEveryRequestSaysAll) {
  FakeServer server;
  server.be_stateless();
  {
    ClientUnderTest client(server);
    EXPECT_EQ(client.toolset->servers().front().protocol, "2026-07-28");
    EXPECT_EQ(client.told("add"), "done");
  }

  EXPECT_THAT(server.asked("initialize"), IsEmpty());
  EXPECT_THAT(server.asked("DELETE"), IsEmpty());
  const auto call = server.asked("tools/call").front();
  EXPECT_EQ(call.http.header("mcp-protocol-version"), "2026-07-28");
  EXPECT_EQ(call.http.header("mcp-method"), "tools/call");
  EXPECT_EQ(call.http.header("mcp-name"), "add");
  EXPECT_EQ(call.http.header("mcp-session-id"), "");
  const auto meta = call.params()["_meta"];
  EXPECT_EQ(meta["io.modelcontextprotocol/protocolVersion"], "2026-07-28");
  EXPECT_EQ(meta["io.modelcontextprotocol/clientCapabilities"], nlohmann::json::object());
  EXPECT_EQ(meta["io.modelcontextprotocol/clientInfo"]["name"], "pais");
}

TEST(McpSession, FallsBackToTheHandshakeWhateverTheServerSaysToTheQuestion) {
  const std::vector<FakeServer::Handler> answers = {
      [](const Asked&) { return Reply::body(400, ""); },
      [](const Asked&) { return Reply::body(404, "<html>", "text/html"); },
      [](const Asked&) { return Reply::body(500, "crash"); },
      [](const Asked& asked) { return asked.result(R"({"supportedVersions":["2025-06-18"]})"); },
      [](const Asked& asked) { return asked.result("7"); },
      [](const Asked& asked) {
        return asked.refusal(400, -32022, "Unsupported", R"({"supported":["2025-11-25"],"requested":"2026-07-28"})");
      },
  };
  for (const auto& answer : answers) {
    FakeServer server;
    server.on("server/discover", answer);
    ClientUnderTest client(server);

    EXPECT_EQ(client.state(), State::ready);
    EXPECT_EQ(client.toolset->servers().front().protocol, "2025-11-25");
  }
}

TEST(McpSession, NamesBothListsWhereNoVersionIsInCommon) {
  FakeServer server;
  server.on("server/discover", [](const Asked& asked) {
    return asked.refusal(400, -32022, "Unsupported", R"({"supported":["2031-01-01"]})");
  });
  ClientUnderTest client(server);

  EXPECT_EQ(client.state(), State::unavailable);
  const std::string why = client.toolset->servers().front().problem->describe();
  EXPECT_THAT(why, HasSubstr("2031-01-01"));
  EXPECT_THAT(why, HasSubstr("2026-07-28"));
}

TEST(McpSession, IsOpenedAgainOnceForAllWhoFindItLost) {
  FakeServer server;
  ClientUnderTest client(server);
  server.speak("2025-11-25", false, "s-2");
  server.on("tools/call", [](const Asked& asked) {
    const bool known = asked.http.header("mcp-session-id") == "s-2";
    return known ? asked.result(text_result("done")) : asked.refusal(404, -32600, "Session not found");
  });

  std::vector<std::string> told(8);
  {
    std::vector<std::jthread> runs;
    for (std::string& each : told) runs.emplace_back([&] { each = client.told("add"); });
  }

  EXPECT_THAT(told, ::testing::Each("done"));
  EXPECT_EQ(server.asked("initialize").size(), 2U);
  EXPECT_EQ(server.asked("initialize").back().http.header("mcp-session-id"), "");
}

TEST(McpSession, ThatIsLostAgainAtOnceIsTheModelsToKnow) {
  FakeServer server;
  ClientUnderTest client(server);
  server.on("tools/call", [](const Asked& asked) { return asked.refusal(404, -32600, "Session not found"); });

  EXPECT_THAT(client.told("add"), HasSubstr("failed: "));

  EXPECT_EQ(server.asked("tools/call").size(), 2U);
}

TEST(McpSession, ThatCannotBeOpenedAgainLeavesTheCallUnmade) {
  FakeServer server;
  ClientUnderTest client(server);
  server.on("initialize", [](const Asked&) { return Reply::body(503, "starting"); });
  server.on("tools/call", [](const Asked& asked) { return asked.refusal(404, -32600, "Session not found"); });

  EXPECT_THAT(client.told("add"), HasSubstr("was not called"));
}

TEST(McpSession, MissingInTheWordsOfA400IsLostAlike) {
  FakeServer server;
  ClientUnderTest client(server);
  server.speak("2025-11-25", false, "s-2");
  server.on("tools/call", [](const Asked& asked) {
    const bool known = asked.http.header("mcp-session-id") == "s-2";
    return known ? asked.result(text_result("done")) : asked.refusal(400, -32600, "Bad Request: No valid session ID");
  });

  EXPECT_EQ(client.told("add"), "done");
}

TEST(McpSession, EndsWithAGoodBye) {
  FakeServer server;
  { ClientUnderTest client(server); }

  ASSERT_EQ(server.asked("DELETE").size(), 1U);
  EXPECT_EQ(server.asked("DELETE").front().http.header("mcp-session-id"), "s-1");
  EXPECT_EQ(server.asked("DELETE").front().http.header("mcp-protocol-version"), "2025-11-25");
}

TEST(McpSession, EndsInTimeThoughNobodyHearsTheGoodBye) {
  FakeServer server;
  server.on("DELETE", [](const Asked&) { return Reply::nothing().hang(); });
  ClientUnderTest client(server);
  const auto began = std::chrono::steady_clock::now();

  client.toolset->close();

  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
  EXPECT_THAT(client.told("add"), HasSubstr("Error: "));
}

TEST(McpSession, CarriesTheServersOwnHeadersAndToken) {
  FakeServer server;
  auto options = ClientUnderTest::options_for(server);
  options.servers[0].token = "t0ken-of-ours";
  options.servers[0].headers = {{"X-Team", "blue"}, {"Mcp-Session-Id", "forged"}};
  { ClientUnderTest client(std::move(options)); }

  for (const char* method : {"initialize", "tools/list", "DELETE"}) {
    const auto asked = server.asked(method).front();
    EXPECT_EQ(asked.http.header("authorization"), "Bearer t0ken-of-ours") << method;
    EXPECT_EQ(asked.http.header("x-team"), "blue") << method;
  }
  EXPECT_EQ(server.asked("tools/list").front().http.header("mcp-session-id"), "s-1");
}

TEST(McpSession, KeepsSecretsOutOfWhatIsTold) {
  FakeServer server;
  server.on("initialize", [](const Asked& asked) {
    return Reply::body(401, "you said " + asked.http.header("authorization"), "text/plain");
  });
  auto options = ClientUnderTest::options_for(server);
  options.servers[0].token = "t0ken-of-ours";
  ClientUnderTest client(std::move(options));

  const std::string why = client.toolset->servers().front().problem->describe();
  EXPECT_THAT(why, HasSubstr("HTTP 401"));
  EXPECT_THAT(why, Not(HasSubstr("t0ken-of-ours")));
}

TEST(McpSession, KeepsSecretsOutOfWhatTheModelIsToldOfARefusal) {
  FakeServer server;
  server.on("tools/call", [](const Asked& asked) {
    return asked.refusal(403, -32600, "you said " + asked.http.header("authorization"));
  });
  auto options = ClientUnderTest::options_for(server);
  options.servers[0].token = "t0ken-of-ours";
  ClientUnderTest client(std::move(options));

  EXPECT_THAT(client.told("add"), HasSubstr("you said Bearer ***"));
}

TEST(McpSession, FollowsARedirectionToAnotherPathOfTheSameServer) {
  FakeServer server;
  for (const char* method : {"server/discover", "initialize"}) {
    server.on(method, [method](const Asked& asked) {
      if (asked.http.line.starts_with("POST /mcp HTTP")) {
        return Reply::body(307, "", "", {"Location: /mcp/"});
      }
      if (std::string(method) == "server/discover") return asked.refusal(404, -32601, "Method not found");
      return asked.result(R"({"protocolVersion":"2025-06-18","capabilities":{}})");
    });
  }
  ClientUnderTest client(server);

  EXPECT_EQ(client.state(), State::ready);
  EXPECT_TRUE(server.asked("tools/list").front().http.line.starts_with("POST /mcp/ HTTP"));
}

TEST(McpSession, DoesNotFollowARedirectionToAnotherServer) {
  FakeServer elsewhere;
  FakeServer server;
  for (const char* method : {"server/discover", "initialize"}) {
    server.on(method, [&](const Asked&) { return Reply::body(307, "", "", {"Location: " + elsewhere.url()}); });
  }
  ClientUnderTest client(server);

  EXPECT_EQ(client.state(), State::unavailable);
  EXPECT_EQ(elsewhere.connections(), 0);
}

TEST(McpSession, IsNotTakenWithANameThatIsNoHeadersValue) {
  for (const std::string& name : {std::string(5000, 'x'), std::string("two words"), std::string("caf\xC3\xA9")}) {
    FakeServer server;
    server.speak("2025-11-25", false, name);
    ClientUnderTest client(server);

    EXPECT_EQ(client.state(), State::unavailable) << name;
  }
}

}  // namespace
}  // namespace pais::test
