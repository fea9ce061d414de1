// What a native agent makes of tool calls that its model got wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/stage.h"

namespace pais::agent {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

TEST(ToolCalls, OfAnUnknownToolAreAnsweredWithTheNamesOffered) {
  Stage stage;
  stage.tools->add("add", "3");
  stage.tools->add("now", "noon");
  stage.models->script = {wants({call("c1", "subtract")}), says("I cannot.")};

  const Recording run = stage.run();

  EXPECT_EQ(outcome(run), "");
  EXPECT_THAT(told_last(stage), AllOf(HasSubstr("'subtract'"), HasSubstr("add, now"), HasSubstr("try again")));
  EXPECT_EQ(stage.models->asked().at(1).messages.back().call_id, "c1");
  const auto ended = run.all<events::ToolCallEnded>().at(0);
  EXPECT_TRUE(ended.is_error);
  EXPECT_TRUE(ended.is_retry);
  EXPECT_THAT(ended.result, HasSubstr("'subtract'"));
}

TEST(ToolCalls, OfAnUnknownToolAreAnsweredAlsoWhereNoneIsOffered) {
  Stage stage;
  stage.models->script = {wants({call("c1", "add")}), says("I cannot.")};

  const Recording run = stage.run();

  EXPECT_EQ(run.end().text, "I cannot.");
  EXPECT_THAT(told_last(stage), HasSubstr("No tools are offered."));
}

TEST(ToolCalls, WithArgumentsThatAreNoJsonObjectDoNotReachTheTool) {
  for (const char* arguments : {R"({"a":1,)", "[1]", "3", "add one and two"}) {
    Stage stage;
    stage.tools->add("add", "3");
    stage.models->script = {wants({call("c1", "add", arguments)}), says("Sorry.")};

    const Recording run = stage.run();

    EXPECT_EQ(outcome(run), "") << arguments;
    EXPECT_THAT(told_last(stage), HasSubstr("The arguments of 'add' are not a JSON object.")) << arguments;
    EXPECT_THAT(stage.tools->called(), IsEmpty()) << arguments;
  }
}

TEST(ToolCalls, WithArgumentsThatDoNotFitAreAnsweredWithWhatIsWrong) {
  Stage stage;
  stage.tools->add("add", "3", kAddSchema);
  stage.models->script = {wants({call("c1", "add", R"({"a":1,"b":"two"})")}),
                          wants({call("c2", "add", R"({"a":1,"b":2})")}), says("It is 3.")};

  const Recording run = stage.run();

  EXPECT_EQ(run.end().text, "It is 3.");
  EXPECT_THAT(stage.models->asked().at(1).messages.back().text,
              AllOf(HasSubstr("'b' must be of type integer"), HasSubstr("try again")));
  EXPECT_THAT(stage.tools->called(), SizeIs(1));
}

TEST(ToolCalls, ThatFitRunBesideOneThatDoesNot) {
  Stage stage;
  stage.tools->add("add", "3", kAddSchema);
  stage.models->script = {wants({call("c1", "add", "{}"), call("c2", "add", R"({"a":1,"b":2})")}), says("It is 3.")};

  stage.run();

  const auto messages = stage.models->asked().at(1).messages;
  EXPECT_THAT(messages.at(3).text, HasSubstr("'a' is required, but missing"));
  EXPECT_EQ(messages.at(4).text, "3");
}

TEST(ToolCalls, ThatAreWrongOnceTooOftenEndTheTurn) {
  Stage stage;
  stage.tools->add("add", "3", kAddSchema);
  stage.models->script = {wants({call("c1", "add", "{}")}), wants({call("c2", "add", "{}")}), says("never said")};

  const Recording run = stage.run();

  EXPECT_EQ(outcome(run), "tool_retries_exceeded");
  EXPECT_EQ(run.end().error->param, "add");
  EXPECT_THAT(stage.models->asked(), SizeIs(2));
  EXPECT_THAT(run.all<events::ToolCallEnded>(), SizeIs(2));
}

TEST(ToolCalls, OfUnknownToolsCountAsRetriesToo) {
  Stage stage;
  stage.options.tools.retries = 0;
  stage.models->script = {wants({call("c1", "subtract")}), says("never said")};

  const Recording run = stage.run();

  EXPECT_EQ(outcome(run), "tool_retries_exceeded");
  EXPECT_EQ(run.end().error->param, "subtract");
}

TEST(ToolCalls, AreNotStartedWhenOneOfTheirAnswerHasUsedUpItsRetries) {
  Stage stage;
  stage.options.tools.retries = 0;
  stage.tools->add("add", "3", kAddSchema);
  stage.tools->add("pay", "paid");
  stage.models->script = {wants({call("c1", "pay"), call("c2", "add", "{}")})};

  const Recording run = stage.run();

  EXPECT_EQ(outcome(run), "tool_retries_exceeded");
  EXPECT_THAT(stage.tools->called(), IsEmpty());
}

TEST(ToolCalls, ThatAreWrongTogetherInOneAnswerAreOneTry) {
  Stage stage;
  stage.tools->add("add", "3", kAddSchema);
  stage.models->script = {wants({call("c1", "add", "{}"), call("c2", "add", "{}"), call("c3", "add", "{}")}),
                          says("I give up.")};

  EXPECT_EQ(stage.run().end().text, "I give up.");
}

TEST(ToolCalls, ThatSucceedGiveTheToolItsRetriesBack) {
  Stage stage;
  stage.tools->add("add", "3", kAddSchema);
  stage.models->script = {wants({call("c1", "add", "{}")}), wants({call("c2", "add", R"({"a":1,"b":2})")}),
                          wants({call("c3", "add", "{}")}), says("It is 3.")};

  EXPECT_EQ(stage.run().end().text, "It is 3.");
}

TEST(ToolCalls, HaveTheirRetriesCountedForEachToolByItself) {
  Stage stage;
  stage.options.tools.retries = 1;
  stage.tools->add("add", "3", kAddSchema);
  stage.models->script = {wants({call("c1", "add", "{}")}), wants({call("c2", "subtract")}), says("I give up.")};

  EXPECT_EQ(stage.run().end().text, "I give up.");
}

TEST(ToolCalls, OfAToolWithAnUnreadableSchemaGoUnchecked) {
  Stage stage;
  stage.tools->add("odd", "fine", "{not json");
  stage.models->script = {wants({call("c1", "odd", R"({"any":"thing"})")}), says("Done.")};

  EXPECT_EQ(stage.run().end().text, "Done.");
  EXPECT_EQ(stage.models->asked().at(0).tools.all().front().parameters, R"({"type":"object"})");
}

TEST(ToolCalls, ThatTheToolCallsTheModelsMistakeCountAsRetries) {
  Stage stage;
  stage.tools->add("find", answers({.content = "no such file", .is_error = true, .counts_as_retry = true}));
  stage.models->script = {wants({call("c1", "find")}), wants({call("c2", "find")}), says("never said")};

  const Recording run = stage.run();

  EXPECT_EQ(outcome(run), "tool_retries_exceeded");
  EXPECT_EQ(run.end().error->param, "find");
  EXPECT_THAT(told_last(stage), AllOf(StartsWith("no such file"), HasSubstr("try again")));
  const auto ended = run.all<events::ToolCallEnded>().at(0);
  EXPECT_TRUE(ended.is_error);
  EXPECT_FALSE(ended.is_retry);
  EXPECT_EQ(ended.result, "no such file");
}

}  // namespace
}  // namespace pais::agent
