#include "agent/run_grammar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <utility>

#include "events/run.h"

namespace pais::agent {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;

std::vector<std::string> faults_of(const std::vector<events::Happening>& happenings) {
  std::vector<events::RunEvent> run;
  for (const auto& what : happenings) run.push_back({.sequence = run.size(), .at = {}, .time = {}, .what = what});
  return RunGrammar::faults(run);
}

events::ModelCallStarted model_call(int step) {
  events::ModelCallStarted started;
  started.step = step;
  return started;
}

events::ModelCallEnded model_answer(int step, events::Usage usage = {}) {
  events::ModelCallEnded ended;
  ended.step = step;
  ended.usage = usage;
  return ended;
}

events::TurnEnded turn_end(events::Usage usage) {
  events::TurnEnded ended;
  ended.usage = usage;
  return ended;
}

events::UsageObserved observed(events::Usage usage) {
  return {.usage = usage, .source = "model"};
}

const events::ToolCall kCall{.id = "c1", .tool = "add", .arguments = "{}"};

TEST(RunGrammar, TakesAWholeRunAsItShouldBe) {
  EXPECT_THAT(faults_of({events::TurnStarted{}, events::ModelCallStarted{}, events::TextDelta{"hm"},
                         events::ModelCallEnded{}, events::UsageObserved{}, events::ToolCallRequested{.call = kCall},
                         events::ToolCallStarted{kCall}, events::ToolCallEnded{.call = kCall, .result = "1"},
                         model_call(2), model_answer(2), events::UsageObserved{}, events::TurnEnded{}}),
              IsEmpty());
}

TEST(RunGrammar, MissesTheEndOfARun) {
  EXPECT_THAT(faults_of({events::TurnStarted{}}), Contains("the run has no end"));
}

TEST(RunGrammar, ObjectsToAToolLeftRunning) {
  EXPECT_THAT(
      faults_of({events::TurnStarted{}, events::ModelCallStarted{}, events::ModelCallEnded{}, events::UsageObserved{},
                 events::ToolCallRequested{.call = kCall}, events::ToolCallStarted{kCall}, events::TurnEnded{}}),
      Contains("the turn ended with something still open"));
}

TEST(RunGrammar, ObjectsToTheEndOfACallThatNeverStarted) {
  EXPECT_THAT(faults_of({events::TurnStarted{}, events::ModelCallStarted{}, events::ModelCallEnded{},
                         events::UsageObserved{}, events::ToolCallRequested{.call = kCall},
                         events::ToolCallEnded{.call = kCall, .result = ""}, events::TurnEnded{}}),
              Contains("a tool ended that had not started"));
}

TEST(RunGrammar, ObjectsToTextOutsideAModelCall) {
  EXPECT_THAT(faults_of({events::TurnStarted{}, events::TextDelta{"x"}, events::TurnEnded{}}),
              Contains("text outside a model call"));
}

TEST(RunGrammar, ObjectsToAWrongSumOfUsage) {
  EXPECT_THAT(faults_of({events::TurnStarted{}, events::ModelCallStarted{}, model_answer(1, {.input_tokens = 3}),
                         observed({.input_tokens = 3}), turn_end({.input_tokens = 4})}),
              Contains("the usage of the turn is not the sum"));
}

}  // namespace
}  // namespace pais::agent
