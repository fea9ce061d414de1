#include "telemetry/run_tracer.h"

#include <chrono>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"

#include "telemetry/told.h"

namespace pais::telemetry {
namespace {

using events::Message;
using events::ToolCall;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Optional;
using ::testing::StartsWith;

const std::string kParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

std::vector<std::string> names(const Told& told) {
  std::vector<std::string> names;
  for (const Span& span : told.spans()) names.push_back(span.name);
  return names;
}

// A run that is told of by the test.
class Stage {
 public:
  explicit Stage(SpanStyle style = {}, TracedRun run = {}, TraceSampler sampler = all()) {
    style.agent = "calc";
    style.host = {.name = "kaos.calc"};
    style.library = {.name = "pydantic-ai"};
    run.session_id = "s1";
    run.run_id = "run_000000000001";
    run.started = std::chrono::system_clock::now();
    tracer = std::make_shared<RunTracer>(std::make_shared<const SpanStyle>(style),
                                         std::make_shared<const CommonParts>(style), told, sampler, run);
  }

  static TraceSampler all() { return {Sampler::parent_always_on, std::nullopt}; }

  void tell(events::Happening what) {
    tracer->on({.sequence = next_++, .at = {}, .time = std::chrono::system_clock::now(), .what = std::move(what)});
  }

  void ask(int step, std::vector<Message> messages, std::string text, std::vector<ToolCall> calls = {}) {
    const std::vector<events::ToolOffer> tools = {{.name = "add", .description = "Adds.", .parameters = "{}"}};
    tell(events::ModelCallStarted{
        .step = step,
        .model = "gpt",
        .provider = "openai",
        .server = std::make_shared<const events::ModelServer>(events::ModelServer{.address = "10.0.0.1", .port = 8080}),
        .messages = messages,
        .tools = tools});
    events::ModelCallEnded ended;
    ended.step = step;
    ended.model = "gpt-2";
    ended.usage = {.input_tokens = 30, .output_tokens = 7};
    ended.first_token = std::chrono::milliseconds(250);
    ended.id = "x1";
    ended.text = text;
    ended.calls = calls;
    tell(ended);
  }

  void call(const ToolCall& wish, std::string result, bool is_error = false) {
    tell(events::ToolCallStarted{wish});
    tell(events::ToolCallEnded{.call = wish, .result = std::move(result), .is_error = is_error});
  }

  // 1+2 with one tool.
  void whole_turn() {
    const ToolCall wish{.id = "c1", .tool = "add", .arguments = R"({"a":1,"b":2})"};
    const Message system{.role = Message::Role::system, .text = "Be brief."};
    const Message user{.text = "1+2?"};
    const Message wished{.role = Message::Role::assistant, .calls = {wish}};
    const Message result{.role = Message::Role::tool, .text = "3", .call_id = "c1", .tool = "add"};
    tell(events::TurnStarted{.prompt = "1+2?"});
    ask(1, {system, user}, "", {wish});
    call(wish, "3");
    ask(2, {system, user, wished, result}, "It is 3.");
    tell(events::TurnEnded{.text = "It is 3.", .usage = {.input_tokens = 60, .output_tokens = 14}, .error = {}});
  }

  const std::shared_ptr<Told> told = std::make_shared<Told>();
  std::shared_ptr<RunTracer> tracer;

 private:
  std::uint64_t next_ = 0;
};

TEST(RunTracer, TellsOfATurnWithAToolInOneTree) {
  Stage stage;

  stage.whole_turn();

  EXPECT_THAT(names(*stage.told),
              ElementsAre("chat gpt", "execute_tool add", "chat gpt", "invoke_agent calc", "server-run"));
  const Span root = stage.told->span("server-run");
  const Span agent = stage.told->span("invoke_agent calc");
  EXPECT_EQ(root.parent_span_id, SpanId{});
  EXPECT_EQ(root.kind, Span::Kind::server);
  EXPECT_EQ(root.scope.name, "kaos.calc");
  EXPECT_EQ(text_of(root, "agent.name"), "calc");
  EXPECT_EQ(text_of(root, "session.id"), "s1");
  EXPECT_EQ(root.status, Span::Status::unset);
  EXPECT_EQ(agent.parent_span_id, root.span_id);
  for (const Span& span : stage.told->spans()) {
    EXPECT_EQ(span.trace_id, root.trace_id);
    EXPECT_LE(span.start, span.end);
    if (span.name.starts_with("chat") || span.name.starts_with("execute")) {
      EXPECT_EQ(span.parent_span_id, agent.span_id);
    }
  }
}

TEST(RunTracer, TellsWhatAModelWasAskedAndAnswered) {
  Stage stage;

  stage.whole_turn();

  const Span chat = stage.told->spans().at(2);
  EXPECT_EQ(chat.kind, Span::Kind::client);
  EXPECT_EQ(chat.scope.name, "pydantic-ai");
  EXPECT_EQ(text_of(chat, "gen_ai.operation.name"), "chat");
  EXPECT_EQ(text_of(chat, "gen_ai.provider.name"), "openai");
  EXPECT_EQ(text_of(chat, "gen_ai.system"), "openai");
  EXPECT_EQ(text_of(chat, "gen_ai.request.model"), "gpt");
  EXPECT_EQ(text_of(chat, "gen_ai.response.model"), "gpt-2");
  EXPECT_EQ(text_of(chat, "gen_ai.response.id"), "x1");
  EXPECT_THAT(attribute(chat, "gen_ai.response.finish_reasons"), Optional(Eq(Value(std::vector<std::string>{"stop"}))));
  EXPECT_THAT(attribute(chat, "gen_ai.usage.input_tokens"), Optional(Eq(Value(std::int64_t{30}))));
  EXPECT_THAT(attribute(chat, "gen_ai.usage.output_tokens"), Optional(Eq(Value(std::int64_t{7}))));
  EXPECT_THAT(attribute(chat, "gen_ai.client.operation.time_to_first_chunk"), Optional(Eq(Value(0.25))));
  EXPECT_EQ(text_of(chat, "server.address"), "10.0.0.1");
  EXPECT_THAT(attribute(chat, "server.port"), Optional(Eq(Value(std::int64_t{8080}))));
  EXPECT_EQ(text_of(chat, "gen_ai.agent.name"), "calc");
  EXPECT_EQ(text_of(chat, "gen_ai.conversation.id"), "s1");
  EXPECT_EQ(text_of(chat, "gen_ai.system_instructions"), R"([{"type":"text","content":"Be brief."}])");
  EXPECT_EQ(text_of(chat, "gen_ai.tool.definitions"),
            R"([{"type":"function","name":"add","description":"Adds.","parameters":{}}])");
  EXPECT_EQ(nlohmann::json::parse(text_of(chat, "gen_ai.input.messages")), nlohmann::json::parse(R"([
    {"role":"user","parts":[{"type":"text","content":"1+2?"}]},
    {"role":"assistant","parts":[{"type":"tool_call","id":"c1","name":"add","arguments":"{\"a\":1,\"b\":2}"}]},
    {"role":"user","parts":[{"type":"tool_call_response","id":"c1","name":"add","result":"3"}]}])"));
  EXPECT_EQ(text_of(chat, "gen_ai.output.messages"),
            R"([{"role":"assistant","parts":[{"type":"text","content":"It is 3."}],"finish_reason":"stop"}])");
  EXPECT_TRUE(nlohmann::json::accept(text_of(chat, "model_request_parameters")));
}

TEST(RunTracer, TellsOfTheRunAsAWhole) {
  Stage stage;

  stage.whole_turn();

  const Span agent = stage.told->span("invoke_agent calc");
  EXPECT_EQ(text_of(agent, "gen_ai.operation.name"), "invoke_agent");
  EXPECT_EQ(text_of(agent, "agent_name"), "calc");
  EXPECT_EQ(text_of(agent, "model_name"), "gpt");
  EXPECT_EQ(text_of(agent, "gen_ai.agent.call.id"), "run_000000000001");
  EXPECT_EQ(text_of(agent, "final_result"), "It is 3.");
  EXPECT_EQ(text_of(agent, "logfire.msg"), "calc run");
  EXPECT_THAT(attribute(agent, "gen_ai.usage.input_tokens"), Optional(Eq(Value(std::int64_t{60}))));
  EXPECT_THAT(attribute(agent, "gen_ai.usage.output_tokens"), Optional(Eq(Value(std::int64_t{14}))));
  const auto messages = nlohmann::json::parse(text_of(agent, "pydantic_ai.all_messages"));
  EXPECT_EQ(messages.size(), 4U);
  EXPECT_EQ(messages[3]["parts"][0]["content"], "It is 3.");
}

TEST(RunTracer, TellsOfAToolWithItsArgumentsAndItsResult) {
  Stage stage;

  stage.whole_turn();

  const Span tool = stage.told->span("execute_tool add");
  EXPECT_EQ(text_of(tool, "gen_ai.operation.name"), "execute_tool");
  EXPECT_EQ(text_of(tool, "gen_ai.tool.name"), "add");
  EXPECT_EQ(text_of(tool, "gen_ai.tool.call.id"), "c1");
  EXPECT_EQ(text_of(tool, "gen_ai.tool.call.arguments"), R"({"a":1,"b":2})");
  EXPECT_EQ(text_of(tool, "gen_ai.tool.call.result"), "3");
  EXPECT_EQ(text_of(tool, "logfire.msg"), "running tool: add");
}

TEST(RunTracer, GoesOnWithTheTraceOfTheCaller) {
  TraceContext parent = read_traceparent(kParent);
  parent.state = "vendor=1";
  Stage stage({}, {.parent = parent, .baggage = "user=alice"});

  stage.whole_turn();

  const Span root = stage.told->span("server-run");
  EXPECT_EQ(hex(root.trace_id), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(hex(root.parent_span_id), "00f067aa0ba902b7");
  EXPECT_EQ(root.trace_state, "vendor=1");
  const TraceHeaders headers = stage.tracer->headers("");
  EXPECT_THAT(headers.traceparent, StartsWith("00-4bf92f3577b34da6a3ce929d0e0e4736-"));
  EXPECT_EQ(headers.tracestate, "vendor=1");
  EXPECT_EQ(headers.baggage, "gen_ai.agent.name=calc,gen_ai.conversation.id=s1,session.id=s1,user=alice");
}

TEST(RunTracer, HonoursTheCallersDecisionNotToKeepTheTrace) {
  TraceContext parent = read_traceparent(kParent);
  parent.flags = 0;
  Stage stage({}, {.parent = parent});

  stage.whole_turn();

  EXPECT_THAT(stage.told->spans(), IsEmpty());
  EXPECT_THAT(stage.tracer->headers("c1").traceparent, testing::EndsWith("-00"));
}

TEST(RunTracer, LeavesOutWhatWasSaidWhereThatIsWished) {
  Stage stage({.content = false});

  stage.whole_turn();
  stage.tell(events::TurnStarted{.prompt = "1+2?"});

  for (const Span& span : stage.told->spans()) {
    for (const auto& [key, value] : span.attributes) {
      const auto* text = std::get_if<std::string>(&value);
      if (text == nullptr) continue;
      EXPECT_THAT(*text, Not(testing::AnyOf(HasSubstr("1+2"), HasSubstr("It is 3"), HasSubstr("Be brief"),
                                            HasSubstr("\"a\":1"))))
          << span.name << " " << key;
    }
  }
}

TEST(RunTracer, GivesTheRequestOfAToolTheToolsSpanBeforeItsStartIsTold) {
  Stage stage;
  stage.tell(events::TurnStarted{.prompt = "?"});

  const std::string early = stage.tracer->headers("c1").traceparent;
  stage.call({.id = "c1", .tool = "look", .arguments = "{}"}, "found");

  EXPECT_THAT(early, HasSubstr("-" + hex(stage.told->span("execute_tool look").span_id) + "-01"));
}

TEST(RunTracer, GivesEachCallOfOneIdASpanOfItsOwn) {
  Stage stage;
  stage.tell(events::TurnStarted{.prompt = "?"});

  stage.call({.id = "c1", .tool = "look", .arguments = "{}"}, "1");
  stage.call({.id = "c1", .tool = "look", .arguments = "{}"}, "2");

  const auto spans = stage.told->spans();
  EXPECT_NE(spans.at(0).span_id, spans.at(1).span_id);
}

TEST(RunTracer, TellsWhenAToolRanAndNotWhenThatWasTold) {
  Stage stage;
  stage.tell(events::TurnStarted{.prompt = "?"});
  const auto before = std::chrono::system_clock::now();
  stage.tracer->entered("c1");
  stage.tracer->left("c1");
  const auto after = std::chrono::system_clock::now();

  stage.call({.id = "c1", .tool = "look", .arguments = "{}"}, "found");

  const Span tool = stage.told->span("execute_tool look");
  EXPECT_LE(before, tool.start);
  EXPECT_LE(tool.end, after);
}

TEST(RunTracer, PutsADelegationIntoItsToolAndItsRequestIntoTheDelegation) {
  Stage stage;
  const ToolCall wish{.id = "c1", .tool = "delegate_to_bob", .arguments = "{}"};
  stage.tell(events::TurnStarted{.prompt = "?"});
  stage.tell(events::ToolCallStarted{wish});
  stage.tell(events::DelegationStarted{.call_id = "c1", .agent = "bob", .task = "T"});

  const std::string parent = stage.tracer->headers("c1").traceparent;
  stage.tell(events::DelegationEnded{.call_id = "c1", .agent = "bob", .result = "R", .usage = {}});
  stage.tell(events::ToolCallEnded{.call = wish, .result = "R"});

  const Span delegation = stage.told->span("delegate.bob");
  EXPECT_EQ(delegation.parent_span_id, stage.told->span("execute_tool delegate_to_bob").span_id);
  EXPECT_EQ(delegation.scope.name, "kaos.calc");
  EXPECT_EQ(text_of(delegation, "agent.delegation.target"), "bob");
  EXPECT_THAT(parent, HasSubstr(hex(delegation.span_id)));
}

TEST(RunTracer, MarksWhatWentWrong) {
  Stage stage;
  stage.tell(events::TurnStarted{.prompt = "?"});
  stage.call({.id = "c1", .tool = "look", .arguments = "{}"}, "no such place", true);
  stage.tell(events::ModelCallStarted{.step = 1, .model = "gpt", .provider = "openai"});
  events::ModelCallEnded ended;
  ended.step = 1;
  ended.error = Error{.code = Code::model_timeout, .cause = "silent"};
  stage.tell(ended);
  stage.tell(events::TurnEnded{.text = "", .usage = {}, .error = ended.error});

  const Span tool = stage.told->span("execute_tool look");
  EXPECT_EQ(tool.status, Span::Status::error);
  EXPECT_EQ(tool.status_message, "ToolError: no such place");
  ASSERT_EQ(tool.events.size(), 1U);
  EXPECT_EQ(tool.events[0].name, "exception");
  for (const char* name : {"chat gpt", "invoke_agent calc"}) {
    const Span span = stage.told->span(name);
    EXPECT_EQ(span.status, Span::Status::error) << name;
    EXPECT_THAT(span.status_message, StartsWith("model_timeout: ")) << name;
    EXPECT_EQ(span.events.size(), 1U) << name;
    EXPECT_EQ(text_of(span, "error.type"), "model_timeout") << name;
  }
  const Span root = stage.told->span("server-run");
  EXPECT_EQ(root.status, Span::Status::error);
  EXPECT_EQ(text_of(root, "error.type"), "model_timeout");
}

TEST(RunTracer, EndsWhatABrokenTurnLeftOpen) {
  Stage stage;
  stage.tell(events::TurnStarted{.prompt = "?"});
  stage.tell(events::ModelCallStarted{.step = 1, .model = "gpt", .provider = "openai"});
  stage.tell(events::ToolCallStarted{{.id = "c1", .tool = "look", .arguments = "{}"}});

  stage.tell(events::TurnEnded{.text = "", .usage = {}, .error = Error{.code = Code::cancelled, .cause = "left"}});

  EXPECT_THAT(names(*stage.told), ElementsAre("execute_tool look", "chat gpt", "invoke_agent calc", "server-run"));
  EXPECT_EQ(text_of(stage.told->span("execute_tool look"), "error.type"), "cancelled");
}

TEST(RunTracer, TellsOfARequestThatNeverBecameATurn) {
  Stage stage;

  stage.tracer->refuse(Error{.code = Code::memory_unavailable, .cause = "away"}, std::chrono::system_clock::now());

  EXPECT_THAT(names(*stage.told), ElementsAre("server-run"));
  EXPECT_EQ(text_of(stage.told->span("server-run"), "error.type"), "memory_unavailable");
}

TEST(RunTracer, UsesTheNamesOfEarlierFormsWhereTheyAreWished) {
  Stage stage({.version = 2});

  stage.whole_turn();

  EXPECT_THAT(names(*stage.told), ElementsAre("chat gpt", "running tool", "chat gpt", "agent run", "server-run"));
  EXPECT_EQ(text_of(stage.told->span("running tool"), "tool_arguments"), R"({"a":1,"b":2})");
  EXPECT_EQ(text_of(stage.told->span("running tool"), "tool_response"), "3");
}

TEST(RunTracer, PutsMessagesIntoEventsInTheFirstForm) {
  Stage stage({.version = 1});

  stage.whole_turn();

  const Span chat = stage.told->spans().at(2);
  const auto events = nlohmann::json::parse(text_of(chat, "events"));
  EXPECT_EQ(events[0]["event.name"], "gen_ai.system.message");
  EXPECT_EQ(events[3]["content"], "3");
  EXPECT_EQ(events[4]["message"]["content"], "It is 3.");
  EXPECT_FALSE(attribute(chat, "gen_ai.input.messages"));
  EXPECT_TRUE(nlohmann::json::accept(text_of(stage.told->span("agent run"), "all_messages_events")));
}

TEST(RunTracer, PutsMessagesIntoTheLogInTheFirstFormWhereThatIsWished) {
  Stage stage({.version = 1, .event_mode = OtelEventMode::logs});

  stage.whole_turn();

  const auto records = stage.told->records();
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].span_id, stage.told->spans().at(0).span_id);
  EXPECT_THAT(records[1].body, HasSubstr("It is 3."));
  EXPECT_FALSE(attribute(stage.told->spans().at(2), "events"));
}

TEST(RunTracer, CutsWhatIsTooLongAndSaysSo) {
  Stage stage;
  stage.tell(events::TurnStarted{.prompt = "?"});

  stage.call({.id = "c1", .tool = "look", .arguments = "{}"}, std::string(65'535, 'x') + "éé");

  const Span tool = stage.told->span("execute_tool look");
  EXPECT_EQ(text_of(tool, "gen_ai.tool.call.result"), std::string(65'535, 'x'));
  EXPECT_THAT(attribute(tool, "gen_ai.tool.call.result.truncated"), Optional(Eq(Value(true))));
}

TEST(RunTracer, TellsOfEachRequestTheModelAndTheToolsItHas) {
  Stage stage;
  const std::vector<events::ToolOffer> tools = {{.name = "add", .description = "Adds.", .parameters = "{}"}};
  const auto ask = [&](int step, const char* model, std::span<const events::ToolOffer> offered) {
    stage.tell(events::ModelCallStarted{.step = step, .model = model, .provider = "openai", .tools = offered});
    events::ModelCallEnded ended;
    ended.step = step;
    stage.tell(ended);
  };

  ask(1, "small", tools);
  ask(2, "small", {});
  ask(3, "large", {});

  const auto spans = stage.told->spans();
  ASSERT_EQ(spans.size(), 3U);
  EXPECT_THAT(text_of(spans[0], "gen_ai.tool.definitions"), HasSubstr("Adds."));
  EXPECT_EQ(attribute(spans[1], "gen_ai.tool.definitions"), std::nullopt);
  EXPECT_EQ(text_of(spans[1], "gen_ai.request.model"), "small");
  EXPECT_EQ(text_of(spans[2], "gen_ai.request.model"), "large");
}

TEST(RunTracer, TellsNobodyOnceTheSinkHasGone) {
  SpanStyle style;
  auto told = std::make_shared<Told>();
  RunTracer tracer(std::make_shared<const SpanStyle>(style), std::make_shared<const CommonParts>(style), told,
                   Stage::all(), {});
  told.reset();

  tracer.on({.sequence = 0, .at = {}, .time = {}, .what = events::TurnStarted{.prompt = "?"}});
  tracer.on({.sequence = 1, .at = {}, .time = {}, .what = events::TurnEnded{.text = "", .usage = {}, .error = {}}});
}

}  // namespace
}  // namespace pais::telemetry
