// How a native agent has its tools called.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdexcept>
#include <thread>

#include "agent/meeting_point.h"
#include "agent/stage.h"
#include "telemetry/handed_on.h"

namespace pais::agent {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;
using tools::ToolResult;

TEST(ToolCalls, OfOneAnswerRunSideBySide) {
  Stage stage;
  MeetingPoint point(3);
  const auto meet = [&](const auto&, const auto&, const auto&) {
    return ToolResult{.content = point.meet() ? "met" : "alone"};
  };
  stage.tools->add("alice", meet);
  stage.tools->add("bob", meet);
  stage.models->script = {wants({call("c1", "alice"), call("c2", "bob"), call("c3", "alice")}), says("They met.")};

  const Recording run = stage.run();

  EXPECT_EQ(run.end().text, "They met.");
  for (const auto& ended : run.all<events::ToolCallEnded>()) EXPECT_EQ(ended.result, "met");
}

TEST(ToolCalls, AreAllMadeWhenThereAreMoreOfThemThanThreads) {
  Stage stage;
  stage.options.tool_threads = 1;
  stage.tools->add(
      "echo", [](const events::ToolCall& call, const auto&, const auto&) { return ToolResult{.content = call.id}; });
  std::vector<events::ToolCall> calls;
  for (int i = 0; i < 40; ++i) calls.push_back(call("c" + std::to_string(i), "echo"));
  stage.models->script = {wants(calls), says("Done.")};

  stage.run();

  const auto messages = stage.models->asked().at(1).messages;
  ASSERT_THAT(messages, SizeIs(3 + 40));
  for (std::size_t i = 0; i < 40; ++i) EXPECT_EQ(messages[3 + i].text, "c" + std::to_string(i));
}

TEST(ToolCalls, NeedNoThreadOfTheirOwnWhenTheyComeAlone) {
  Stage stage;
  std::thread::id where;
  stage.tools->add("here", [&](const auto&, const auto&, const auto&) {
    where = std::this_thread::get_id();
    return ToolResult{.content = "ok"};
  });
  stage.models->script = {wants({call("c1", "here")}), says("Done.")};

  stage.run();

  EXPECT_EQ(where, std::this_thread::get_id());
}

TEST(ToolCalls, LearnOfTheTurnTheyArePartOf) {
  Stage stage;
  std::string prompt;
  std::string first_said;
  std::shared_ptr<const telemetry::Propagation> propagation;
  std::string session;
  stage.tools->add("look", [&](const auto&, const tools::CallContext& context, const auto&) {
    prompt = context.prompt;
    first_said = context.history.at(0).text;
    propagation = context.propagation;
    session = context.run.identity().session_id;
    return ToolResult{.content = context.deadline ? "in time" : "whenever"};
  });
  stage.models->script = {wants({call("c1", "look")}), says("Done.")};

  const auto trace = telemetry::handed_on({}, "s1");
  stage.run({.prompt = "now", .history = {{.text = "before"}}, .propagation = trace});

  EXPECT_EQ(prompt, "now");
  EXPECT_EQ(first_said, "before");
  EXPECT_EQ(propagation, trace);
  EXPECT_EQ(session, "s1");
  EXPECT_EQ(told_last(stage), "in time");
}

TEST(ToolCalls, MayReportADelegationOfTheirOwn) {
  Stage stage;
  stage.tools->add("delegate_to_bob", [](const events::ToolCall& call, const tools::CallContext& context, const auto&) {
    context.run.emit(events::DelegationStarted{.call_id = call.id, .agent = "bob", .task = "T"});
    context.run.emit(events::DelegationEnded{.call_id = call.id, .agent = "bob", .result = "R", .usage = {}});
    return ToolResult{.content = "R"};
  });
  stage.models->script = {wants({call("c1", "delegate_to_bob")}), says("Done.")};

  const Recording run = stage.run();

  EXPECT_THAT(run.all<events::DelegationEnded>(), SizeIs(1));
}

TEST(ToolCalls, TellWhetherTheResultIsJson) {
  Stage stage;
  stage.tools->add("list", answers({.content = "[1,2]", .is_json = true}));
  stage.models->script = {wants({call("c1", "list")}), says("Done.")};

  const Recording run = stage.run();

  EXPECT_TRUE(run.all<events::ToolCallEnded>().at(0).is_json);
  EXPECT_EQ(told_last(stage), "[1,2]");
}

TEST(ToolCalls, WithoutArgumentsReachTheToolAsAnEmptyObject) {
  Stage stage;
  stage.tools->add("now", "noon");
  stage.models->script = {wants({call("c1", "now", ""), call("c2", "now", " \n")}), says("Noon.")};

  stage.run();

  for (const auto& made : stage.tools->called()) EXPECT_EQ(made.arguments, "{}");
  EXPECT_EQ(stage.models->asked().at(1).messages.at(2).calls.at(0).arguments, "{}");
}

TEST(ToolCalls, ThatFailForReasonsOfTheToolDoNotCountAsRetries) {
  Stage stage;
  stage.tools->add("delegate_to_bob",
                   answers({.content = "[Delegation failed: Agent bob timed out]", .is_error = true}));
  stage.models->script = {wants({call("c1", "delegate_to_bob")}), wants({call("c2", "delegate_to_bob")}),
                          wants({call("c3", "delegate_to_bob")}), says("Bob is away.")};

  const Recording run = stage.run();

  EXPECT_EQ(run.end().text, "Bob is away.");
  EXPECT_EQ(told_last(stage), "[Delegation failed: Agent bob timed out]");
}

TEST(ToolCalls, ThatEndInAnErrorEndTheTurn) {
  Stage stage;
  stage.tools->add("read", [](const auto&, const auto&, const auto&) -> Result<ToolResult> {
    return Error{.code = Code::mcp_unavailable, .cause = "10.1.2.3 refused"};
  });
  stage.models->script = {wants({call("c1", "read")}), says("never said")};

  const Recording run = stage.run();

  EXPECT_EQ(outcome(run), "mcp_unavailable");
  const auto ended = run.all<events::ToolCallEnded>().at(0);
  EXPECT_TRUE(ended.is_error);
  EXPECT_EQ(ended.result, "A tool server cannot be reached.");
}

TEST(ToolCalls, ThatEndInAnErrorStopTheOthersOfTheirAnswer) {
  Stage stage;
  MeetingPoint both_run(2);
  stage.tools->add("slow", [&](const auto&, const auto&, const std::stop_token& stop) -> Result<ToolResult> {
    both_run.meet();
    EXPECT_TRUE(wait_for_stop(stop));
    return Error{.code = Code::cancelled, .cause = "stopped"};
  });
  stage.tools->add("broken", [&](const auto&, const auto&, const auto&) -> Result<ToolResult> {
    both_run.meet();
    return Error{.code = Code::mcp_unavailable, .cause = "gone"};
  });
  stage.models->script = {wants({call("c1", "slow"), call("c2", "broken")})};

  EXPECT_EQ(outcome(stage.run()), "mcp_unavailable");
}

TEST(ToolCalls, ThatThrowEndTheTurnWithAnInternalError) {
  Stage stage;
  stage.tools->add("bad", [](const auto&, const auto&, const auto&) -> Result<ToolResult> {
    throw std::runtime_error("a secret of the tool");
  });
  stage.models->script = {wants({call("c1", "bad"), call("c2", "bad")})};

  const Recording run = stage.run();

  EXPECT_EQ(outcome(run), "internal");
  for (const auto& ended : run.all<events::ToolCallEnded>()) EXPECT_EQ(ended.result, "Internal server error.");
}

TEST(ToolCalls, ThatTakeTooLongAreStoppedAndTheModelIsTold) {
  Stage stage;
  stage.options.tools.timeout = milliseconds(20);
  stage.tools->add("slow", [](const auto&, const auto&, const std::stop_token& stop) -> Result<ToolResult> {
    EXPECT_TRUE(wait_for_stop(stop));
    return Error{.code = Code::cancelled, .cause = "stopped"};
  });
  stage.tools->add("quick", "done");
  stage.models->script = {wants({call("c1", "slow"), call("c2", "quick")}), says("It was too slow.")};

  const Recording run = stage.run();

  EXPECT_EQ(run.end().text, "It was too slow.");
  const auto messages = stage.models->asked().at(1).messages;
  EXPECT_THAT(messages.at(3).text, AllOf(HasSubstr("'slow'"), HasSubstr("0.02 seconds")));
  EXPECT_EQ(messages.at(4).text, "done");
}

TEST(ToolCalls, AreNotListenedToOnceTheirTimeIsOver) {
  Stage stage;
  stage.options.tools.timeout = milliseconds(20);
  stage.tools->add("slow", [](const auto&, const auto&, const std::stop_token& stop) {
    EXPECT_TRUE(wait_for_stop(stop));
    return ToolResult{.content = "better late than never"};
  });
  stage.models->script = {wants({call("c1", "slow")}), says("It was too slow.")};

  const Recording run = stage.run();

  const auto ended = run.all<events::ToolCallEnded>().at(0);
  EXPECT_TRUE(ended.is_error);
  EXPECT_FALSE(ended.is_retry);
  EXPECT_THAT(ended.result, HasSubstr("did not answer within"));
  EXPECT_THAT(told_last(stage), HasSubstr("did not answer within"));
}

TEST(ToolCalls, ThatTakeTooLongDoNotCountAsRetries) {
  Stage stage;
  stage.options.tools = {.retries = 0, .timeout = milliseconds(5)};
  stage.tools->add("slow", [](const auto&, const auto&, const std::stop_token& stop) {
    EXPECT_TRUE(wait_for_stop(stop));
    return ToolResult{.content = "late", .is_error = true, .counts_as_retry = true};
  });
  stage.models->script = {wants({call("c1", "slow")}), says("It was too slow.")};

  EXPECT_EQ(outcome(stage.run()), "");
}

TEST(ToolCalls, HaveNoDeadlineWhereTheirTimeIsNotLimited) {
  Stage stage;
  stage.options.tools.timeout = milliseconds(0);
  stage.tools->add("look", [](const auto&, const tools::CallContext& context, const auto&) {
    return ToolResult{.content = context.deadline ? "limited" : "free"};
  });
  stage.models->script = {wants({call("c1", "look")}), says("Done.")};

  stage.run();

  EXPECT_EQ(told_last(stage), "free");
}

TEST(ToolCalls, HaveTheirLongResultsCutWithAMark) {
  Stage stage;
  stage.options.tools.result_max_bytes = 10;
  stage.tools->add("dump", answers({.content = std::string(1000, 'x'), .is_json = true}));
  stage.models->script = {wants({call("c1", "dump")}), says("Long.")};

  const Recording run = stage.run();

  EXPECT_EQ(told_last(stage), "xxxxxxxxxx\n[The result was cut here: 10 of 1000 bytes.]");
  const auto ended = run.all<events::ToolCallEnded>().at(0);
  EXPECT_EQ(ended.result, told_last(stage));
  EXPECT_FALSE(ended.is_json);
}

TEST(ToolCalls, HaveTheirLongResultsCutBetweenTwoCharacters) {
  Stage stage;
  stage.options.tools.result_max_bytes = 4;
  stage.tools->add("dump", "ab€€");  // the euro sign has three bytes
  stage.models->script = {wants({call("c1", "dump")}), says("Long.")};

  stage.run();

  EXPECT_THAT(told_last(stage), StartsWith("ab\n["));
}

TEST(ToolCalls, KeepAResultThatIsJustShortEnough) {
  Stage stage;
  stage.options.tools.result_max_bytes = 4;
  stage.tools->add("dump", "four");
  stage.models->script = {wants({call("c1", "dump")}), says("Short.")};

  stage.run();

  EXPECT_EQ(told_last(stage), "four");
}

TEST(ToolCalls, GoToTheFirstToolsetWhereTwoShareAName) {
  Stage stage;
  stage.tools->add("add", "the first");
  const auto second = std::make_shared<FakeToolset>();
  second->add("add", "the second");
  second->add("now", "noon");
  stage.models->script = {wants({call("c1", "add"), call("c2", "now")}), says("Done.")};
  NativeAgent agent(stage.options, stage.models, {stage.tools, second});

  stage.run_on(agent);

  EXPECT_THAT(stage.models->asked().at(0).tools.all(), SizeIs(2));
  const auto messages = stage.models->asked().at(1).messages;
  EXPECT_EQ(messages.at(3).text, "the first");
  EXPECT_EQ(messages.at(4).text, "noon");
}

TEST(ToolCalls, ReachToolsThatWereAddedSinceTheLastRun) {
  Stage stage;
  stage.tools->add("add", "3", kAddSchema);
  stage.models->script = {wants({call("c1", "now"), call("c2", "add", "{}")}), says("Done.")};
  const auto agent = stage.agent();
  stage.run_on(*agent);

  stage.tools->add("now", "noon");
  stage.run_on(*agent);

  const auto messages = stage.models->asked().at(3).messages;
  EXPECT_EQ(messages.at(3).text, "noon");
  EXPECT_THAT(messages.at(4).text, HasSubstr("'a' is required")) << "the known schema is still known";
}

}  // namespace
}  // namespace pais::agent
