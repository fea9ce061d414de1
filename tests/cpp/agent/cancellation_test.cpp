// What happens to a turn of a native agent when its client goes away.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "agent/meeting_point.h"
#include "agent/stage.h"

namespace pais::agent {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

// A client that leaves, on a thread of its own, when everybody else has come to the meeting point.
class Leaver {
 public:
  explicit Leaver(int others) : point_(others + 1) {}

  void meet() { point_.meet(); }
  std::stop_token token() const { return source_.get_token(); }

 private:
  std::stop_source source_;
  MeetingPoint point_;
  std::jthread thread_{[this] {
    point_.meet();
    source_.request_stop();
  }};
};

TEST(Cancellation, BeforeTheBeginningAsksNobodyAnything) {
  Stage stage;
  stage.models->script = {says("never said")};
  std::stop_source gone;
  gone.request_stop();

  const Recording run = stage.run({.prompt = "hi"}, gone.get_token());

  EXPECT_EQ(outcome(run), "cancelled");
  EXPECT_THAT(stage.models->asked(), IsEmpty());
  EXPECT_THAT(run.events(), SizeIs(2)) << "the turn is still told from its start to its end";
}

TEST(Cancellation, StopsTheModelAndKeepsWhatWasSaid) {
  Stage stage;
  Leaver client(1);
  stage.models->script = {[&](const auto&, model::Deltas& deltas, const auto& stop) -> Result<model::Answer> {
    deltas.text("It is");
    client.meet();
    EXPECT_TRUE(wait_for_stop(stop));
    return Error{.code = Code::cancelled, .cause = "stopped"};
  }};

  const Recording run = stage.run({.prompt = "hi", .stream = true}, client.token());

  EXPECT_EQ(outcome(run), "cancelled");
  EXPECT_EQ(run.end().text, "It is");
  EXPECT_EQ(run.all<events::ModelCallEnded>().at(0).error->code, Code::cancelled);
}

TEST(Cancellation, IsCalledSoWhateverTheModelSaysOfIt) {
  Stage stage;
  Leaver client(1);
  stage.models->script = {[&](const auto&, auto&, const auto& stop) -> Result<model::Answer> {
    client.meet();
    EXPECT_TRUE(wait_for_stop(stop));
    return Error{.code = Code::model_error, .cause = "connection lost"};
  }};

  EXPECT_EQ(outcome(stage.run({.prompt = "hi"}, client.token())), "cancelled");
}

TEST(Cancellation, StopsAllToolsOfTheAnswer) {
  Stage stage;
  Leaver client(3);
  stage.tools->add("slow", [&](const auto&, const auto&, const std::stop_token& stop) -> Result<tools::ToolResult> {
    client.meet();
    EXPECT_TRUE(wait_for_stop(stop));
    return Error{.code = Code::cancelled, .cause = "stopped"};
  });
  stage.models->script = {wants({call("c1", "slow"), call("c2", "slow"), call("c3", "slow")}), says("never said")};

  const Recording run = stage.run({.prompt = "hi"}, client.token());

  EXPECT_EQ(outcome(run), "cancelled");
  EXPECT_THAT(stage.models->asked(), SizeIs(1));
  EXPECT_THAT(run.all<events::ToolCallEnded>(), SizeIs(3));
}

TEST(Cancellation, KeepsTheResultOfAToolThatWasDoneBefore) {
  Stage stage;
  std::stop_source client;
  stage.tools->add("pay", [&](const auto&, const auto&, const auto&) {
    client.request_stop();
    return tools::ToolResult{.content = "paid"};
  });
  stage.models->script = {wants({call("c1", "pay")}), says("never said")};

  const Recording run = stage.run({.prompt = "hi"}, client.get_token());

  EXPECT_EQ(outcome(run), "cancelled");
  EXPECT_EQ(run.all<events::ToolCallEnded>().at(0).result, "paid");
  EXPECT_THAT(stage.models->asked(), SizeIs(1));
}

TEST(Cancellation, BetweenTheAnswerAndItsToolsStartsNoTool) {
  Stage stage;
  std::stop_source client;
  stage.tools->add("pay", "paid");
  stage.models->script = {wants({call("c1", "pay")}), says("never said")};
  stage.hear = [&](const events::RunEvent& event) {
    if (std::holds_alternative<events::ToolCallRequested>(event.what)) client.request_stop();
  };

  const Recording run = stage.run({.prompt = "hi"}, client.get_token());

  EXPECT_EQ(outcome(run), "cancelled");
  EXPECT_THAT(stage.tools->called(), IsEmpty());
}

TEST(Cancellation, BetweenTheToolsAndTheNextRequestAsksNoModel) {
  Stage stage;
  std::stop_source client;
  stage.tools->add("add", "3");
  stage.models->script = {wants({call("c1", "add")}), says("never said")};
  stage.hear = [&](const events::RunEvent& event) {
    if (std::holds_alternative<events::ToolCallEnded>(event.what)) client.request_stop();
  };

  const Recording run = stage.run({.prompt = "hi"}, client.get_token());

  EXPECT_EQ(outcome(run), "cancelled");
  EXPECT_THAT(stage.models->asked(), SizeIs(1));
}

TEST(Cancellation, WhileTextIsHeldBackSaysNothingMore) {
  Stage stage;
  stage.options.stream_intermediate = false;
  std::stop_source client;
  stage.models->script = {[&](const auto&, model::Deltas& deltas, const auto&) -> Result<model::Answer> {
    deltas.text("It is 3.");
    client.request_stop();
    model::Answer answer;
    answer.text = "It is 3.";
    answer.usage = {.input_tokens = 4, .output_tokens = 3};
    return answer;
  }};

  const Recording run = stage.run({.prompt = "hi", .stream = true}, client.get_token());

  EXPECT_EQ(outcome(run), "cancelled");
  EXPECT_THAT(run.texts(), IsEmpty());
  EXPECT_EQ(run.end().usage.total(), 7) << "what the model has consumed is consumed";
}

}  // namespace
}  // namespace pais::agent
