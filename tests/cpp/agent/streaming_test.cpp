// When the words of the model become events of a streamed run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/stage.h"

namespace pais::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const RunRequest kStreamed{.prompt = "hi", .stream = true};

Line streams(std::vector<std::string> pieces, std::vector<events::ToolCall> calls = {}) {
  return [=](const auto&, model::Deltas& deltas, const auto&) -> Result<model::Answer> {
    model::Answer answer;
    answer.calls = calls;
    for (const std::string& piece : pieces) {
      deltas.text(piece);
      answer.text += piece;
    }
    return answer;
  };
}

TEST(Streaming, PassesEachPieceOnAsItComes) {
  Stage stage;
  stage.models->script = {streams({"It", " is", "", " 3."})};

  const Recording run = stage.run(kStreamed);

  EXPECT_THAT(run.texts(), ElementsAre("It", " is", " 3."));
  EXPECT_EQ(run.end().text, "It is 3.");
}

TEST(Streaming, PassesAPieceOnBeforeTheModelSaysTheNext) {
  Stage stage;
  std::vector<std::string> heard;
  std::vector<std::string> heard_in_between;
  stage.hear = [&](const events::RunEvent& event) {
    if (const auto* delta = std::get_if<events::TextDelta>(&event.what)) heard.push_back(delta->text);
  };
  stage.models->script = {[&](const auto&, model::Deltas& deltas, const auto&) -> Result<model::Answer> {
    deltas.text("one");
    heard_in_between = heard;
    deltas.text("two");
    model::Answer answer;
    answer.text = "onetwo";
    return answer;
  }};

  stage.run(kStreamed);

  EXPECT_THAT(heard_in_between, ElementsAre("one"));
}

TEST(Streaming, PutsABlankLineBetweenTheTextsOfTwoAnswers) {
  Stage stage;
  stage.tools->add("add", "3");
  stage.models->script = {streams({"Let me", " see."}, {call("c1", "add")}), streams({"It is", " 3."})};

  const Recording run = stage.run(kStreamed);

  EXPECT_THAT(run.texts(), ElementsAre("Let me", " see.", "\n\n", "It is", " 3."));
  EXPECT_EQ(run.end().text, "It is 3.");
}

TEST(Streaming, PutsNoBlankLineBeforeTheFirstText) {
  Stage stage;
  stage.tools->add("add", "3");
  stage.models->script = {streams({}, {call("c1", "add")}), streams({}, {call("c1", "add")}), streams({"It is 3."})};

  EXPECT_THAT(stage.run(kStreamed).texts(), ElementsAre("It is 3."));
}

TEST(Streaming, PutsTheBlankLineAlsoAfterAnAnswerWithoutText) {
  Stage stage;
  stage.tools->add("add", "3");
  stage.models->script = {streams({"Hm."}, {call("c1", "add")}), streams({}, {call("c1", "add")}), streams({"3."})};

  EXPECT_THAT(stage.run(kStreamed).texts(), ElementsAre("Hm.", "\n\n", "3."));
}

TEST(Streaming, HoldsTextBackUntilItIsKnownToBeFinal) {
  Stage stage;
  stage.options.stream_intermediate = false;
  stage.tools->add("add", "3");
  stage.models->script = {streams({"Let me", " see."}, {call("c1", "add")}), streams({"It is", " 3."})};

  const Recording run = stage.run(kStreamed);

  EXPECT_THAT(run.texts(), ElementsAre("It is 3."));
  EXPECT_EQ(run.end().text, "It is 3.");
}

TEST(Streaming, SaysTheTextOfAModelThatDoesNotStreamInOnePiece) {
  Stage stage;
  stage.models->script = {[](const auto&, auto&, const auto&) -> Result<model::Answer> {
    model::Answer answer;
    answer.text = "All at once.";
    return answer;
  }};

  EXPECT_THAT(stage.run(kStreamed).texts(), ElementsAre("All at once."));
}

TEST(Streaming, EndsAFailedTurnWithAllThatHadBeenSaid) {
  Stage stage;
  stage.tools->add("add", "3");
  stage.models->script = {streams({"Let me see."}, {call("c1", "add")}),
                          [](const auto&, model::Deltas& deltas, const auto&) -> Result<model::Answer> {
                            deltas.text("It is");
                            return Error{.code = Code::model_error, .cause = "broke off"};
                          }};

  const Recording run = stage.run(kStreamed);

  EXPECT_EQ(outcome(run), "model_error");
  EXPECT_EQ(run.end().text, "Let me see.\n\nIt is");
}

TEST(Streaming, IsNotDoneForARunThatDidNotAskForIt) {
  Stage stage;
  stage.tools->add("add", "3");
  stage.models->script = {streams({"Let me see."}, {call("c1", "add")}), streams({"It is 3."})};

  const Recording run = stage.run({.prompt = "hi"});

  EXPECT_THAT(run.texts(), IsEmpty());
  EXPECT_EQ(run.end().text, "It is 3.");
  EXPECT_FALSE(stage.models->asked().at(0).stream);
}

TEST(Streaming, PassesThinkingOnApartFromTheText) {
  Stage stage;
  stage.models->script = {[](const auto&, model::Deltas& deltas, const auto&) -> Result<model::Answer> {
    deltas.thinking("one and ");
    deltas.thinking("two");
    deltas.text("3.");
    model::Answer answer;
    answer.thinking = "one and two";
    answer.text = "3.";
    return answer;
  }};

  const Recording run = stage.run(kStreamed);

  const auto thoughts = run.all<events::ThinkingDelta>();
  ASSERT_EQ(thoughts.size(), 2u);
  EXPECT_EQ(thoughts[0].text + thoughts[1].text, "one and two");
  EXPECT_THAT(run.texts(), ElementsAre("3."));
  EXPECT_EQ(run.end().text, "3.");
}

TEST(Streaming, TellsTheThinkingOfARunThatIsNotStreamedInOnePiece) {
  Stage stage;
  model::Answer answer;
  answer.thinking = "one and two";
  answer.text = "3.";
  stage.models->script = {gives(answer)};

  const Recording run = stage.run({.prompt = "hi"});

  EXPECT_EQ(run.all<events::ThinkingDelta>().at(0).text, "one and two");
}

}  // namespace
}  // namespace pais::agent
