#include "agent/native_agent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>
#include <utility>

#include "agent/stage.h"
#include "telemetry/handed_on.h"

namespace pais::agent {
namespace {

using model::Message;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::string kTraceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

std::vector<std::string> said_to(const model::Request& request) {
  static constexpr const char* kRoles[] = {"system", "user", "assistant", "tool"};
  std::vector<std::string> lines;
  for (const Message& message : request.messages) {
    lines.push_back(std::string(kRoles[static_cast<int>(message.role)]) + ": " + message.text);
  }
  return lines;
}

std::vector<std::size_t> kinds(const Recording& run) {
  std::vector<std::size_t> kinds;
  for (const auto& event : run.events()) kinds.push_back(event.what.index());
  return kinds;
}

template <typename Kind>
std::size_t kind() {
  return events::Happening(Kind{}).index();
}

TEST(NativeAgent, AnswersWithWhatTheModelSays) {
  Stage stage;
  stage.models->script = {says("Hello.")};

  const Recording run = stage.run({.prompt = "hi", .delegated = true});

  EXPECT_EQ(outcome(run), "");
  EXPECT_EQ(run.end().text, "Hello.");
  const auto started = run.all<events::TurnStarted>().at(0);
  EXPECT_EQ(started.prompt, "hi");
  EXPECT_TRUE(started.delegated);
}

TEST(NativeAgent, TellsTheModelInstructionsHistoryAndPromptInThisOrder) {
  Stage stage;
  stage.models->script = {says("Fine.")};

  stage.run({.prompt = "and you?",
             .history = {{.speaker = events::Speaker::user, .text = "hi"},
                         {.speaker = events::Speaker::assistant, .text = "Hello."}}});

  EXPECT_THAT(said_to(stage.models->asked().at(0)),
              ElementsAre("system: Be brief.", "user: hi", "assistant: Hello.", "user: and you?"));
}

TEST(NativeAgent, AddsTheInstructionsOfTheClientBehindItsOwn) {
  Stage stage;
  stage.models->script = {says("Bonjour.")};

  stage.run({.prompt = "hi", .extra_instructions = "Speak French."});

  EXPECT_EQ(stage.models->asked().at(0).messages.at(0).text, "Be brief.\n\nSpeak French.");
}

TEST(NativeAgent, SendsNoSystemMessageWhenThereIsNothingToInstruct) {
  Stage stage;
  stage.options.instructions = "";
  stage.models->script = {says("Hello.")};

  stage.run();

  EXPECT_THAT(said_to(stage.models->asked().at(0)), ElementsAre("user: hi"));
}

TEST(NativeAgent, HandsImagesSamplingAndTraceOnToTheModel) {
  Stage stage;
  stage.models->script = {says("A cat.")};
  model::Sampling sampling;
  sampling.temperature = 0.5;

  stage.run({.prompt = "what is this?",
             .images = {"https://example.org/cat.png"},
             .sampling = sampling,
             .stream = true,
             .propagation = telemetry::handed_on({{"traceparent", kTraceparent}}, "s1")});

  const auto request = stage.models->asked().at(0);
  EXPECT_THAT(request.messages.back().images, ElementsAre("https://example.org/cat.png"));
  EXPECT_EQ(request.sampling.temperature, 0.5);
  EXPECT_TRUE(request.stream);
  EXPECT_EQ(request.trace.traceparent, kTraceparent);
  EXPECT_FALSE(request.deadline);
}

TEST(NativeAgent, OffersNoToolsWhenItHasNone) {
  Stage stage;
  stage.models->script = {says("Hello.")};

  stage.run();

  EXPECT_THAT(stage.models->asked().at(0).tools.all(), IsEmpty());
}

TEST(NativeAgent, OffersItsToolsInEveryRequest) {
  Stage stage;
  stage.tools->add("add", "3", R"({"type":"object","properties":{"a":{"type":"integer"}}})");
  stage.models->script = {wants({call("c1", "add")}), says("It is 3.")};

  stage.run();

  ASSERT_THAT(stage.models->asked(), SizeIs(2));
  for (const auto& request : stage.models->asked()) {
    ASSERT_THAT(request.tools.all(), SizeIs(1));
    EXPECT_EQ(request.tools.all()[0].name, "add");
    EXPECT_EQ(request.tools.all()[0].description, "Does add.");
    EXPECT_EQ(request.tools.all()[0].parameters, R"({"type":"object","properties":{"a":{"type":"integer"}}})");
  }
}

TEST(NativeAgent, TellsTheModelWhatItAskedForAndWhatCameOfItInTheOrderOfTheCalls) {
  Stage stage;
  stage.tools->add("add", "3");
  stage.tools->add("now", "noon");
  stage.models->script = {wants({call("c1", "now"), call("c2", "add", R"({"a":1})")}, "Let me see."), says("Noon.")};

  stage.run();

  const auto messages = stage.models->asked().at(1).messages;
  ASSERT_THAT(messages, SizeIs(5));
  EXPECT_EQ(messages[2].role, Message::Role::assistant);
  EXPECT_EQ(messages[2].text, "Let me see.");
  ASSERT_THAT(messages[2].calls, SizeIs(2));
  EXPECT_EQ(messages[2].calls[1].arguments, R"({"a":1})");
  EXPECT_EQ(messages[3].role, Message::Role::tool);
  EXPECT_EQ(messages[3].call_id, "c1");
  EXPECT_EQ(messages[3].tool, "now");
  EXPECT_EQ(messages[3].text, "noon");
  EXPECT_EQ(messages[4].call_id, "c2");
  EXPECT_EQ(messages[4].text, "3");
}

TEST(NativeAgent, ReportsATurnWithAToolInTheOrderInWhichItHappened) {
  Stage stage;
  stage.tools->add("add", "3");
  stage.models->script = {wants({call("c1", "add", R"({"a":1,"b":2})")}), says("It is 3.")};

  const Recording run = stage.run({.prompt = "1+2?", .stream = true});

  EXPECT_THAT(
      kinds(run),
      ElementsAre(kind<events::TurnStarted>(), kind<events::ModelCallStarted>(), kind<events::ModelCallEnded>(),
                  kind<events::UsageObserved>(), kind<events::ToolCallRequested>(), kind<events::ToolCallStarted>(),
                  kind<events::ToolCallEnded>(), kind<events::ModelCallStarted>(), kind<events::TextDelta>(),
                  kind<events::ModelCallEnded>(), kind<events::UsageObserved>(), kind<events::TurnEnded>()));
  const auto model_call = run.all<events::ModelCallStarted>().at(0);
  EXPECT_EQ(model_call.model, "fake");
  EXPECT_EQ(model_call.provider, "openai");
  EXPECT_TRUE(model_call.streaming);
  EXPECT_EQ(run.all<events::ModelCallEnded>().at(0).model, "fake-1");
  const auto ended = run.all<events::ToolCallEnded>().at(0);
  EXPECT_EQ(ended.call.arguments, R"({"a":1,"b":2})");
  EXPECT_EQ(ended.result, "3");
  EXPECT_FALSE(ended.is_error);
}

TEST(NativeAgent, CountsTheAnswersThatAskedForTools) {
  Stage stage;
  stage.tools->add("add", "3");
  stage.models->script = {wants({call("c1", "add"), call("c2", "add")}), wants({call("c1", "add")}), says("3")};

  const Recording run = stage.run();

  const auto requested = run.all<events::ToolCallRequested>();
  ASSERT_THAT(requested, SizeIs(3));
  EXPECT_EQ(requested[0].step, 1);
  EXPECT_EQ(requested[1].step, 1);
  EXPECT_EQ(requested[2].step, 2);
}

TEST(NativeAgent, MarksTheCallsThatAreDelegations) {
  Stage stage;
  stage.tools->add("delegate_to_researcher", "42");
  stage.tools->add("add", "3");
  stage.models->script = {wants({call("c1", "delegate_to_researcher"), call("c2", "add")}), says("42")};

  const Recording run = stage.run();

  const auto requested = run.all<events::ToolCallRequested>();
  EXPECT_TRUE(requested.at(0).delegation);
  EXPECT_FALSE(requested.at(1).delegation);
}

TEST(NativeAgent, SumsTheUsageOfAllModelCalls) {
  Stage stage;
  stage.tools->add("add", "3");
  stage.models->script = {wants({call("c1", "add")}, "", {.input_tokens = 40, .output_tokens = 9, .cached_tokens = 8}),
                          says("It is 3.", {.input_tokens = 21, .output_tokens = 5, .cached_tokens = 16})};

  const Recording run = stage.run();

  EXPECT_EQ(run.end().usage.input_tokens, 61);
  EXPECT_EQ(run.end().usage.output_tokens, 14);
  EXPECT_EQ(run.end().usage.cached_tokens, 24);
  EXPECT_EQ(run.all<events::ModelCallEnded>().at(0).usage.input_tokens, 40);
}

TEST(NativeAgent, PassesOnWhyTheModelStoppedAndWhenItBegan) {
  Stage stage;
  model::Answer answer;
  answer.text = "Once upon a";
  answer.finish = events::FinishReason::length;
  answer.first_token = std::chrono::nanoseconds(5);
  stage.models->script = {gives(answer)};

  const Recording run = stage.run();

  EXPECT_EQ(run.end().finish, events::FinishReason::length);
  EXPECT_EQ(run.all<events::ModelCallEnded>().at(0).finish, events::FinishReason::length);
  EXPECT_EQ(run.all<events::ModelCallEnded>().at(0).first_token, std::chrono::nanoseconds(5));
}

TEST(NativeAgent, TakesAnEmptyAnswerForAnAnswer) {
  Stage stage;
  stage.models->script = {says("")};

  const Recording run = stage.run({.prompt = "hi", .stream = true});

  EXPECT_EQ(outcome(run), "");
  EXPECT_THAT(run.texts(), IsEmpty());
}

TEST(NativeAgent, EndsTheTurnWithTheFailureOfTheModel) {
  Stage stage;
  stage.models->script = {fails(Code::model_rate_limited)};

  const Recording run = stage.run();

  EXPECT_EQ(outcome(run), "model_rate_limited");
  EXPECT_EQ(run.all<events::ModelCallEnded>().at(0).error->code, Code::model_rate_limited);
  EXPECT_THAT(run.all<events::UsageObserved>(), IsEmpty());
}

TEST(NativeAgent, KeepsTheUsageOfATurnThatFailedLater) {
  Stage stage;
  stage.tools->add("add", "3");
  stage.models->script = {wants({call("c1", "add")}, "", {.input_tokens = 40, .output_tokens = 9}),
                          fails(Code::model_error)};

  const Recording run = stage.run();

  EXPECT_EQ(outcome(run), "model_error");
  EXPECT_EQ(run.end().usage.total(), 49);
}

TEST(NativeAgent, TurnsAnExceptionOfAModelIntoAnInternalError) {
  Stage stage;
  stage.models->script = {[](const auto&, auto&, const auto&) -> Result<model::Answer> {
    throw std::runtime_error("a secret of the model");
  }};

  const Recording run = stage.run();

  EXPECT_EQ(outcome(run), "internal");
  EXPECT_EQ(run.end().error->message(), "Internal server error.");
}

TEST(NativeAgent, BeginsEachRunWithAModelOfItsOwn) {
  Stage stage;
  stage.models->script = {says("first line")};
  const auto agent = stage.agent();

  const Recording one = stage.run_on(*agent);
  const Recording two = stage.run_on(*agent);

  EXPECT_EQ(one.end().text, "first line");
  EXPECT_EQ(two.end().text, "first line");
}

TEST(NativeAgent, ServesManyRunsAtOnce) {
  Stage stage;
  stage.tools->add("add", "3");
  stage.models->script = {wants({call("c1", "add"), call("c2", "add"), call("c3", "add")}), says("It is 3.")};
  stage.options.tool_threads = 4;
  const auto agent = stage.agent();
  std::vector<std::string> answers(16);

  {
    std::vector<std::jthread> runs;
    for (std::string& answer : answers) {
      runs.emplace_back([&] { answer = stage.run_on(*agent).end().text; });
    }
  }

  EXPECT_THAT(answers, ::testing::Each("It is 3."));
  EXPECT_THAT(stage.tools->called(), SizeIs(48));
}

}  // namespace
}  // namespace pais::agent
