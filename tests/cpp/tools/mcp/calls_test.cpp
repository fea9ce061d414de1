#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/mcp/client_under_test.h"

namespace pais::test {
namespace {

using nlohmann::json;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string event(const std::string& data, const std::string& id = "") {
  return (id.empty() ? "" : "id: " + id + "\n") + "data: " + data + "\n\n";
}

Reply stream_of(const std::string& events) {
  return Reply::stream().chunk(events).end();
}

TEST(McpCall, SendsNameArgumentsAndAProgressToken) {
  FakeServer server;
  ClientUnderTest client(server);

  EXPECT_EQ(client.told("add", R"({"a":1,"b":[2]})"), "done");

  const json params = server.asked("tools/call").front().params();
  EXPECT_EQ(params["name"], "add");
  EXPECT_EQ(params["arguments"], json::parse(R"({"a":1,"b":[2]})"));
  EXPECT_EQ(params["_meta"]["progressToken"].dump(), server.asked("tools/call").front().id());
}

TEST(McpCall, NumbersNoTwoRequestsAlike) {
  FakeServer server;
  ClientUnderTest client(server);

  client.told("add");
  client.told("add");

  const auto calls = server.asked("tools/call");
  ASSERT_THAT(calls, SizeIs(2));
  EXPECT_NE(calls[0].id(), calls[1].id());
  EXPECT_NE(calls[0].id(), server.asked("tools/list").front().id());
}

TEST(McpCall, WithoutArgumentsSendsAnEmptyObject) {
  FakeServer server;
  ClientUnderTest client(server);

  EXPECT_EQ(client.told("add", ""), "done");

  EXPECT_EQ(server.asked("tools/call").front().params()["arguments"], json::object());
}

TEST(McpCall, IsNotMadeWithArgumentsThatAreNone) {
  FakeServer server;
  ClientUnderTest client(server);

  const auto result = client.ask("add", "[1]");

  ASSERT_TRUE(result);
  EXPECT_TRUE(result->is_error);
  EXPECT_TRUE(result->counts_as_retry);
  EXPECT_THAT(server.asked("tools/call"), IsEmpty());
}

TEST(McpCall, TakesAnAnswerThatComesAsAStreamBehindNotifications) {
  FakeServer server;
  ClientUnderTest client(server);
  server.on("tools/call", [](const Asked& asked) {
    const std::string progress = R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":)" +
                                 asked.id() + R"(,"progress":1}})";
    const std::string others = R"({"jsonrpc":"2.0","id":"another","result":{"content":[]}})";
    return stream_of(": hello\n\n" + event(progress) + event(others) +
                     event(asked.result_text(text_result("streamed"))) + event("what follows is not read"));
  });

  EXPECT_EQ(client.told("add"), "streamed");
}

std::string progress_of(const std::string& id, const std::string& more) {
  return event(R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":)" + id + "," + more +
               "}}");
}

TEST(McpCall, TellsTheRunHowFarTheToolHasCome) {
  FakeServer server;
  ClientUnderTest client(server);
  telemetry::Metrics metrics;
  client.toolset->count_in(metrics);
  server.on("tools/call", [](const Asked& asked) {
    return stream_of(progress_of(asked.id(), R"("progress":1,"total":4,"message":"warm")") +
                     progress_of(asked.id(), R"("progress":2)") + progress_of(R"("another")", R"("progress":3)") +
                     progress_of(asked.id(), R"("progress":"much")") +
                     progress_of(asked.id(), R"("progress":9,"total":4)") +
                     event(asked.result_text(text_result("done"))));
  });

  EXPECT_EQ(client.told("add"), "done");

  const auto told = client.heard.all<events::ToolCallProgressed>();
  ASSERT_THAT(told, SizeIs(3));
  EXPECT_EQ(told[0].call_id, "call_1");
  EXPECT_EQ(told[0].tool, "add");
  EXPECT_EQ(told[0].so_far.fraction, 0.25);
  EXPECT_EQ(told[0].so_far.message, "warm");
  EXPECT_EQ(told[1].so_far.fraction, std::nullopt);
  EXPECT_EQ(told[2].so_far.fraction, 1.0);
  EXPECT_THAT(metrics.prometheus(), HasSubstr(R"(pais_mcp_progress_total{server="fake"} 3)"));
  client.toolset->close();
}

TEST(McpCall, TellsTheRunOfSoMuchProgressAndNoMore) {
  FakeServer server;
  ClientUnderTest client(server);
  server.on("tools/call", [](const Asked& asked) {
    std::string events;
    for (int i = 0; i < 1500; ++i)
      events += progress_of(asked.id(), R"("progress":1,"message":")" + std::string(300, 'x') + '"');
    return stream_of(events + event(asked.result_text(text_result("done"))));
  });

  EXPECT_EQ(client.told("add"), "done");

  const auto told = client.heard.all<events::ToolCallProgressed>();
  ASSERT_THAT(told, SizeIs(1000));
  EXPECT_EQ(told.front().so_far.message, std::string(200, 'x') + "…");
}

TEST(McpCall, TakesAStreamThatIsCutAnywhere) {
  FakeServer server;
  ClientUnderTest client(server);
  server.on("tools/call", [](const Asked& asked) {
    Reply reply = Reply::stream();
    for (const char byte : "event: message\r\n" + event(asked.result_text(text_result("größer")))) {
      reply = reply.chunk(std::string(1, byte));
    }
    return reply.end();
  });

  EXPECT_EQ(client.told("add"), "größer");
}

TEST(McpCall, TellsTheModelWhatTheServerRefuses) {
  FakeServer server;
  ClientUnderTest client(server);
  server.on("tools/call", [](const Asked& asked) { return asked.refusal(200, -32602, "Unknown tool: add"); });

  const auto result = client.ask("add");

  ASSERT_TRUE(result);
  EXPECT_TRUE(result->is_error);
  EXPECT_TRUE(result->counts_as_retry);
  EXPECT_EQ(result->content, "Unknown tool: add");
}

TEST(McpCall, TakesARefusalWhateverItsIdWhereTheStatusSaysThatItFailed) {
  FakeServer server;
  ClientUnderTest client(server);
  server.on("tools/call", [](const Asked&) {
    return Reply::body(400, R"({"jsonrpc":"2.0","id":"server-error","error":{"code":-32603,"message":"No luck"}})");
  });

  const auto result = client.ask("add");

  ASSERT_TRUE(result);
  EXPECT_TRUE(result->is_error);
  EXPECT_FALSE(result->counts_as_retry);
  EXPECT_EQ(result->content, "No luck");
}

TEST(McpCall, TellsTheModelOfGarbageWithoutShowingIt) {
  for (const auto& garbage :
       {Reply::body(200, "{]"), Reply::body(200, "<html>", "text/html"), Reply::body(200, R"({"jsonrpc":"2.0"})"),
        Reply::body(200, ""), Reply::body(503, "busy", "text/plain"), Reply::body(200, "[[[[1]]]]"), accepted(),
        stream_of("data: {\n\n"), stream_of(": nothing\n\n"), Reply::nothing().say("garbage").cut(),
        Reply::stream().chunk("data: {\"json").reset()}) {
    FakeServer server;
    ClientUnderTest client(server);
    server.on("tools/call", [&](const Asked&) { return garbage; });

    const auto result = client.ask("add");

    ASSERT_TRUE(result) << result.error().describe();
    EXPECT_TRUE(result->is_error);
    EXPECT_FALSE(result->counts_as_retry);
    EXPECT_THAT(result->content, HasSubstr("may have been done"));
    EXPECT_THAT(server.asked("tools/call"), SizeIs(1)) << "a call is never repeated";
  }
}

TEST(McpCall, IsBoundedInSize) {
  FakeServer server;
  auto options = ClientUnderTest::options_for(server);
  options.answer_bytes = 64 * 1024;
  ClientUnderTest client(std::move(options));
  const std::string large = text_result(std::string(100 * 1024, 'x'));

  server.on("tools/call", [&](const Asked& asked) { return asked.result(large); });
  const std::string plain = client.told("add");
  server.on("tools/call", [&](const Asked& asked) { return stream_of(event(asked.result_text(large))); });
  const std::string streamed = client.told("add");

  EXPECT_THAT(plain, HasSubstr("more than can be taken"));
  EXPECT_THAT(streamed, HasSubstr("more than can be taken"));
}

TEST(McpCall, TakesTenMegabytes) {
  FakeServer server;
  ClientUnderTest client(server);
  const std::string text(10 * 1024 * 1024, 'x');
  server.on("tools/call", [&](const Asked& asked) { return asked.result(text_result(text)); });

  EXPECT_TRUE(client.told("add") == text);
}

TEST(McpCall, RunsBesideOthersOverOneSession) {
  FakeServer server;
  ClientUnderTest client(server);
  const auto all_there = std::make_shared<Signal>();
  std::atomic<int> came = 0;
  server.on("tools/call", [&](const Asked& asked) {
    if (++came == 16) all_there->raise();
    return Reply::nothing().wait(all_there).say(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
        std::to_string(asked.result_text(text_result("done")).size()) + "\r\n\r\n" +
        asked.result_text(text_result("done")));
  });

  std::vector<std::string> told(16);
  {
    std::vector<std::jthread> runs;
    for (std::string& each : told) runs.emplace_back([&] { each = client.told("add"); });
  }

  EXPECT_THAT(told, Each("done"));
  EXPECT_THAT(server.asked("initialize"), SizeIs(1));
}

TEST(McpCall, AnswersWhatTheServerAsksOnTheWay) {
  FakeServer server;
  ClientUnderTest client(server);
  const auto answered = std::make_shared<Signal>();
  std::atomic<int> answers = 0;
  server.on("answer", [&](const Asked&) {
    if (++answers == 2) answered->raise();
    return accepted();
  });
  server.on("tools/call", [&](const Asked& asked) {
    return Reply::stream()
        .chunk(event(R"({"jsonrpc":"2.0","id":7,"method":"ping"})"))
        .chunk(event(R"({"jsonrpc":"2.0","id":"q","method":"sampling/createMessage","params":{}})"))
        .wait(answered)
        .chunk(event(asked.result_text(text_result("done"))))
        .end();
  });

  EXPECT_EQ(client.told("add"), "done");

  std::vector<json> said;
  for (const Asked& each : server.asked("answer")) {
    EXPECT_EQ(each.http.header("mcp-session-id"), "s-1");
    said.push_back(each.message);
  }
  EXPECT_THAT(said,
              ::testing::UnorderedElementsAre(
                  json::parse(R"({"jsonrpc":"2.0","id":7,"result":{}})"),
                  json::parse(R"({"jsonrpc":"2.0","id":"q","error":{"code":-32601,"message":"Method not found"}})")));
}

TEST(McpCall, LooksForTheAnswerWhereABrokenStreamGoesOn) {
  FakeServer server;
  ClientUnderTest client(server);
  std::string answer;
  server.on("tools/call", [&](const Asked& asked) {
    answer = asked.result_text(text_result("resumed"));
    return stream_of("retry: 10\n" + event("", "e-1"));
  });
  server.on("GET", [&](const Asked& asked) {
    return asked.http.header("last-event-id") == "e-1" ? stream_of(event(answer, "e-2")) : Reply::body(405, "");
  });

  EXPECT_EQ(client.told("add"), "resumed");

  EXPECT_THAT(server.asked("tools/call"), SizeIs(1));
}

TEST(McpCall, GivesUpOnABrokenStreamThatNeverGoesOn) {
  FakeServer server;
  ClientUnderTest client(server);
  server.on("tools/call", [&](const Asked&) { return stream_of("retry: 1\n" + event("", "e-1")); });
  server.on("GET", [&](const Asked&) { return stream_of(": nothing\n\n"); });

  EXPECT_THAT(client.told("add"), HasSubstr("failed: "));

  EXPECT_THAT(server.asked("GET"), SizeIs(2));
}

class FixedTrace final : public telemetry::Propagation {
 public:
  telemetry::TraceHeaders headers(std::string_view call_id) const override {
    return {.traceparent = "00-aa-" + std::string(call_id) + "-01", .tracestate = "k=v", .baggage = ""};
  }
  telemetry::TraceHeaders model_headers(int) const override { return {}; }
};

TEST(McpCall, JoinsTheTraceOfItsRun) {
  FakeServer server;
  ClientUnderTest client(server);

  ASSERT_TRUE(client.ask("add", "{}", {}, std::make_shared<FixedTrace>()));

  const auto call = server.asked("tools/call").front();
  EXPECT_EQ(call.http.header("traceparent"), "00-aa-call_1-01");
  EXPECT_EQ(call.http.header("tracestate"), "k=v");
  EXPECT_EQ(call.params()["_meta"]["traceparent"], "00-aa-call_1-01");
  EXPECT_FALSE(call.params()["_meta"].contains("baggage"));
}

// --------------------------------------------------------------------------------------------------- the stateless era

TEST(McpStatelessCall, SaysInHeadersWhatTheSchemaAsksFor) {
  FakeServer server;
  server.be_stateless();
  server.on("tools/list", [](const Asked& asked) {
    return asked.result(R"({"tools":[{"name":"weather","inputSchema":{"type":"object","properties":{
      "region":{"type":"string","x-mcp-header":"Region"},"days":{"type":"integer","x-mcp-header":"Days"},
      "sure":{"type":"boolean","x-mcp-header":"Sure"},"note":{"type":"string","x-mcp-header":"Note"}}}}]})");
  });
  ClientUnderTest client(server);

  EXPECT_EQ(client.told("weather", R"({"region":"Grönland","days":3,"sure":true})"), "done");

  const AskedRequest http = server.asked("tools/call").front().http;
  EXPECT_EQ(http.header("mcp-param-region"), "=?base64?R3LDtm5sYW5k?=");
  EXPECT_EQ(http.header("mcp-param-days"), "3");
  EXPECT_EQ(http.header("mcp-param-sure"), "true");
  EXPECT_EQ(http.header("mcp-param-note"), "");
}

TEST(McpStatelessCall, LearnsNewHeadersAndAsksOnceMore) {
  FakeServer server;
  server.be_stateless();
  ClientUnderTest client(server);
  server.on("tools/list", [](const Asked& asked) {
    return asked.result(R"({"tools":[{"name":"add","inputSchema":{"type":"object","properties":{
      "a":{"type":"integer","x-mcp-header":"A"}}}}]})");
  });
  server.on("tools/call", [](const Asked& asked) {
    const bool fits = asked.http.header("mcp-param-a") == "1";
    return fits ? asked.result(text_result("done")) : asked.refusal(400, -32020, "Header mismatch");
  });

  EXPECT_EQ(client.told("add", R"({"a":1})"), "done");

  EXPECT_THAT(server.asked("tools/call"), SizeIs(2));
}

TEST(McpStatelessCall, DeclinesToBeAskedAndGoesOn) {
  FakeServer server;
  server.be_stateless();
  ClientUnderTest client(server);
  server.on("tools/call", [](const Asked& asked) {
    if (asked.params().contains("inputResponses")) return asked.result(text_result("without"));
    return asked.result(R"({"resultType":"input_required","requestState":"opaque",
      "inputRequests":{"who":{"method":"elicitation/create","params":{}}}})");
  });

  EXPECT_EQ(client.told("add", R"({"a":1})"), "without");

  const auto calls = server.asked("tools/call");
  ASSERT_THAT(calls, SizeIs(2));
  EXPECT_NE(calls[0].id(), calls[1].id());
  EXPECT_EQ(calls[1].params()["arguments"], json::parse(R"({"a":1})"));
  EXPECT_EQ(calls[1].params()["requestState"], "opaque");
  EXPECT_EQ(calls[1].params()["inputResponses"], json::parse(R"({"who":{"action":"decline"}})"));
}

TEST(McpStatelessCall, EndsWhereTheServerWantsWhatNobodyHereCanGive) {
  FakeServer server;
  server.be_stateless();
  ClientUnderTest client(server);
  std::string method = "sampling/createMessage";
  server.on("tools/call", [&](const Asked& asked) {
    return asked.result(R"({"resultType":"input_required","inputRequests":{"x":{"method":")" + method + R"("}}})");
  });

  EXPECT_THAT(client.told("add"), HasSubstr("failed: "));
  EXPECT_THAT(server.asked("tools/call"), SizeIs(1));

  method = "elicitation/create";
  EXPECT_THAT(client.told("add"), HasSubstr("failed: "));
  EXPECT_THAT(server.asked("tools/call"), SizeIs(1 + 4)) << "it asks and asks";
}

}  // namespace
}  // namespace pais::test
