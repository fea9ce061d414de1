// What ends a turn of a native agent before its answer: the step limit and the budget.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "agent/stage.h"

namespace pais::agent {
namespace {

using events::BudgetExceeded;
using std::chrono::milliseconds;
using ::testing::Each;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Line wants_add() {
  return wants({call("c1", "add")}, "", {.input_tokens = 7, .output_tokens = 3});
}

BudgetExceeded exceeded(const Recording& run) {
  const auto all = run.all<BudgetExceeded>();
  EXPECT_THAT(all, SizeIs(1));
  return all.empty() ? BudgetExceeded{} : all[0];
}

TEST(StepLimit, LetsTheCallsOfTheLastAnswerRunAndRefusesTheNextRequest) {
  Stage stage;
  stage.options.max_steps = 2;
  stage.tools->add("add", "3");
  stage.models->script = {wants_add(), wants_add(), says("never said")};

  const Recording run = stage.run();

  EXPECT_EQ(outcome(run), "step_limit_exceeded");
  EXPECT_THAT(stage.models->asked(), SizeIs(2));
  EXPECT_THAT(stage.tools->called(), SizeIs(2));
  EXPECT_EQ(exceeded(run).kind, BudgetExceeded::Kind::steps);
  EXPECT_EQ(exceeded(run).limit, 2);
  EXPECT_EQ(exceeded(run).actual, 3);
  EXPECT_EQ(run.end().usage.total(), 20);
}

TEST(StepLimit, CountsTheFinalAnswer) {
  Stage stage;
  stage.options.max_steps = 2;
  stage.tools->add("add", "3");
  stage.models->script = {wants_add(), says("It is 3.")};

  EXPECT_EQ(stage.run().end().text, "It is 3.");
}

TEST(StepLimit, OfOneAllowsAnAnswerAndNothingElse) {
  Stage stage;
  stage.options.max_steps = 1;
  stage.tools->add("add", "3");

  stage.models->script = {says("Hello.")};
  EXPECT_EQ(stage.run().end().text, "Hello.");

  stage.models->script = {wants_add(), says("never said")};
  EXPECT_EQ(outcome(stage.run()), "step_limit_exceeded");
  EXPECT_THAT(stage.tools->called(), SizeIs(1));
}

TEST(StepLimit, CountsTheRetriesToo) {
  Stage stage;
  stage.options.max_steps = 2;
  stage.options.tools.retries = 10;
  stage.models->script = {wants({call("c1", "x")}), wants({call("c1", "x")}), says("never said")};

  EXPECT_EQ(outcome(stage.run()), "step_limit_exceeded");
}

TEST(TokenBudget, EndsTheTurnWithTheAnswerThatCrossesIt) {
  Stage stage;
  stage.tools->add("add", "3");
  stage.models->script = {wants_add(), wants_add(), says("never said")};

  const Recording run = stage.run({.prompt = "hi", .budget = {.tokens = 15}});

  EXPECT_EQ(outcome(run), "budget_exceeded");
  EXPECT_EQ(exceeded(run).kind, BudgetExceeded::Kind::tokens);
  EXPECT_EQ(exceeded(run).limit, 15);
  EXPECT_EQ(exceeded(run).actual, 20);
  EXPECT_THAT(stage.tools->called(), SizeIs(1)) << "the calls of the second answer must not run";
}

TEST(TokenBudget, MayBeUsedUpToTheLastToken) {
  Stage stage;
  stage.models->script = {says("Hello.", {.input_tokens = 7, .output_tokens = 3})};

  EXPECT_EQ(outcome(stage.run({.prompt = "hi", .budget = {.tokens = 10}})), "");
  EXPECT_EQ(outcome(stage.run({.prompt = "hi", .budget = {.tokens = 9}})), "budget_exceeded");
}

TEST(TokenBudget, IsSpentByOthersOnOurBehalfToo) {
  Stage stage;
  stage.tools->add("delegate_to_math", answers({.content = "3", .spent = {.input_tokens = 70, .output_tokens = 10}}));
  stage.models->script = {wants({call("c1", "delegate_to_math")}, "", {.input_tokens = 7, .output_tokens = 3}),
                          says("never said")};

  const Recording run = stage.run({.prompt = "hi", .budget = {.tokens = 85}});

  EXPECT_EQ(outcome(run), "budget_exceeded");
  EXPECT_EQ(exceeded(run).limit, 85);
  EXPECT_EQ(exceeded(run).actual, 90);
  EXPECT_THAT(stage.models->asked(), SizeIs(1)) << "nothing is left for another answer";
  EXPECT_EQ(run.end().usage.total(), 10) << "the turn's own";
}

TEST(TokenBudget, IsSharedByTheDelegationsOfAnAnswer) {
  Stage stage;
  std::mutex mutex;
  std::vector<std::optional<std::int64_t>> shares;
  stage.tools->add("add", "3");
  stage.tools->add("delegate_to_math", [&](const auto&, const tools::CallContext& context, const auto&) {
    const std::scoped_lock lock(mutex);
    shares.push_back(context.left.tokens);
    return tools::ToolResult{.content = "3"};
  });
  stage.models->script = {wants({call("c1", "delegate_to_math"), call("c2", "add"), call("c3", "delegate_to_math")}, "",
                                {.input_tokens = 7, .output_tokens = 3}),
                          says("It is 3.")};

  EXPECT_EQ(outcome(stage.run({.prompt = "hi", .budget = {.tokens = 110}})), "");

  EXPECT_THAT(shares, SizeIs(2));
  EXPECT_THAT(shares, Each(50));
}

TEST(ToolCallBudget, EndsTheTurnBeforeTheCallsThatCrossIt) {
  Stage stage;
  stage.tools->add("add", "3");
  stage.models->script = {wants({call("c1", "add")}), wants({call("c1", "add"), call("c2", "add")}),
                          says("never said")};

  const Recording run = stage.run({.prompt = "hi", .budget = {.tool_calls = 2}});

  EXPECT_EQ(outcome(run), "budget_exceeded");
  EXPECT_EQ(exceeded(run).kind, BudgetExceeded::Kind::tool_calls);
  EXPECT_EQ(exceeded(run).limit, 2);
  EXPECT_EQ(exceeded(run).actual, 3);
  EXPECT_THAT(stage.tools->called(), SizeIs(1));
  EXPECT_THAT(run.all<events::ToolCallRequested>(), SizeIs(3)) << "what the model wished for is told";
}

TEST(ToolCallBudget, MayBeUsedUpToTheLastCall) {
  Stage stage;
  stage.tools->add("add", "3");
  stage.models->script = {wants({call("c1", "add"), call("c2", "add")}), says("It is 3.")};

  EXPECT_EQ(outcome(stage.run({.prompt = "hi", .budget = {.tool_calls = 2}})), "");
}

TEST(TimeBudget, StopsAModelThatDoesNotAnswer) {
  Stage stage;
  stage.models->script = {waits_for_the_stop()};

  const Recording run = stage.run({.prompt = "hi", .budget = {.wall_clock = milliseconds(20)}});

  EXPECT_EQ(outcome(run), "run_timeout");
  EXPECT_EQ(exceeded(run).kind, BudgetExceeded::Kind::wall_clock);
  EXPECT_EQ(exceeded(run).limit, 0.02);
  EXPECT_GE(exceeded(run).actual, 0.02);
  EXPECT_EQ(run.all<events::ModelCallEnded>().at(0).error->code, Code::run_timeout);
}

TEST(TimeBudget, IsOverAlsoForAModelThatKeepsItByItselfAndIsAMomentEarly) {
  Stage stage;
  stage.models->script = {[](const model::Request& request, auto&, const auto&) -> Result<model::Answer> {
    while (std::chrono::steady_clock::now() < *request.deadline - milliseconds(5)) std::this_thread::yield();
    return Error{.code = Code::model_timeout, .cause = "the run's time is over"};
  }};

  EXPECT_EQ(outcome(stage.run({.prompt = "hi", .budget = {.wall_clock = milliseconds(20)}})), "run_timeout");
}

TEST(TimeBudget, StopsToolsThatDoNotAnswer) {
  Stage stage;
  const auto slow = [](const auto&, const auto&, const std::stop_token& stop) -> Result<tools::ToolResult> {
    EXPECT_TRUE(wait_for_stop(stop));
    return Error{.code = Code::cancelled, .cause = "stopped"};
  };
  stage.tools->add("slow", slow);
  stage.tools->add("slower", slow);
  stage.models->script = {wants({call("c1", "slow"), call("c2", "slower")}), says("never said")};

  const Recording run = stage.run({.prompt = "hi", .budget = {.wall_clock = milliseconds(20)}});

  EXPECT_EQ(outcome(run), "run_timeout");
  EXPECT_EQ(exceeded(run).kind, BudgetExceeded::Kind::wall_clock);
}

TEST(TimeBudget, IsToldToTheModelAndToTheTools) {
  Stage stage;
  std::optional<std::chrono::steady_clock::time_point> tool_deadline;
  stage.tools->add("look", [&](const auto&, const tools::CallContext& context, const auto&) {
    tool_deadline = context.deadline;
    return tools::ToolResult{.content = "ok"};
  });
  stage.models->script = {wants({call("c1", "look")}), says("Done.")};

  stage.run({.prompt = "hi", .budget = {.wall_clock = std::chrono::seconds(60)}});

  EXPECT_TRUE(stage.models->asked().at(0).deadline);
  EXPECT_EQ(tool_deadline, stage.models->asked().at(0).deadline) << "sooner than the limit of the call";
}

TEST(Budget, IsWithoutLimitsUnlessTheyAreSet) {
  Stage stage;
  stage.options.max_steps = 50;
  stage.tools->add("add", "3");
  for (int i = 0; i < 40; ++i) stage.models->script.push_back(wants_add());
  stage.models->script.push_back(says("It is 3."));

  const Recording run = stage.run();

  EXPECT_EQ(outcome(run), "");
  EXPECT_THAT(run.all<BudgetExceeded>(), IsEmpty());
}

}  // namespace
}  // namespace pais::agent
