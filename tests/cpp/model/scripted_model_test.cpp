#include "model/scripted_model.h"

#include <thread>

#include "gmock/gmock.h"

#include "heard.h"
#include "model/model_source.h"

namespace pais::model {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;

std::unique_ptr<ModelSource> source_of(const std::string& script, milliseconds delay = milliseconds(0)) {
  auto source = make_model_source({.script = script, .mock_delay = delay}, nullptr);
  EXPECT_TRUE(source);
  return *std::move(source);
}

// What a run hears from the script, one line an answer, until the script is over.
std::vector<std::string> answers_of(const std::string& script) {
  const auto source = source_of(script);
  const auto model = source->for_run();
  Heard heard;
  std::vector<std::string> lines;
  while (true) {
    const auto answer = model->respond(asking("?"), heard, {});
    if (answer->text == kScriptIsOver) return lines;
    std::string line = answer->text;
    for (const auto& call : answer->calls) line += call.id + " " + call.tool + call.arguments + ";";
    lines.push_back(line);
  }
}

TEST(ScriptedModel, SaysEachStringOfAnArray) {
  EXPECT_THAT(answers_of(R"(["a","b"])"), ElementsAre("a", "b"));
}

TEST(ScriptedModel, TakesOtherJsonForOneAnswer) {
  EXPECT_THAT(answers_of(R"("x")"), ElementsAre("x"));
  EXPECT_THAT(answers_of("5"), ElementsAre("5"));
  EXPECT_THAT(answers_of(R"({"z": 1, "a": 2})"), ElementsAre(R"({"z": 1, "a": 2})"));
}

TEST(ScriptedModel, TakesTextThatIsNotJsonForOneAnswer) {
  EXPECT_THAT(answers_of("Hello, \"you\""), ElementsAre("Hello, \"you\""));
  EXPECT_THAT(answers_of("[a, b]"), ElementsAre("[a, b]"));
}

TEST(ScriptedModel, HasNothingToSayWithAnEmptyArray) {
  EXPECT_THAT(answers_of("[]"), IsEmpty());
}

TEST(ScriptedModel, CallsTools) {
  EXPECT_THAT(answers_of(R"(["{\"tool_calls\":[{\"name\":\"add\",\"arguments\":{\"a\":1,\"b\":2}}]}","It is 3."])"),
              ElementsAre(R"(mock_add add{"a":1,"b":2};)", "It is 3."));
  EXPECT_THAT(answers_of(R"({"tool_calls":[{"id":"c7","name":"add","arguments":"{\"a\": 1}"},{"name":"now"}]})"),
              ElementsAre(R"(c7 add{"a":1};mock_now now{};)"));
  EXPECT_THAT(answers_of(R"([{"tool_calls":[{"name":"f","arguments":"rubbish"}]}, 7, null])"),
              ElementsAre("mock_f f{};", "7", "null"));
}

TEST(ScriptedModel, TakesAnEmptyListOfCallsForText) {
  EXPECT_THAT(answers_of(R"(["{\"tool_calls\":[]}","{\"tool_calls\":[5]}"])"),
              ElementsAre(R"({"tool_calls":[]})", R"({"tool_calls":[5]})"));
}

TEST(ScriptedModel, GivesCallsOfOneToolDifferentIds) {
  EXPECT_THAT(answers_of(R"({"tool_calls":[{"name":"f"},{"name":"f"}]})"), ElementsAre("mock_f f{};mock_f_1 f{};"));
}

TEST(ScriptedModel, BeginsAnewWithEachRun) {
  const auto source = source_of(R"(["a","b"])");
  Heard heard;
  const auto first = source->for_run();
  EXPECT_EQ(first->respond(asking("?"), heard, {})->text, "a");

  const auto second = source->for_run();

  EXPECT_EQ(second->respond(asking("?"), heard, {})->text, "a");
  EXPECT_EQ(first->respond(asking("?"), heard, {})->text, "b");
  EXPECT_EQ(first->respond(asking("?"), heard, {})->text, "[no more mock responses]");
}

TEST(ScriptedModel, EstimatesUsageInWordsAndNeverAtZero) {
  const auto model = source_of(R"(["one two  three",""])")->for_run();
  Heard heard;

  const auto answer = model->respond(asking("how many words"), heard, {});
  const auto empty = model->respond({}, heard, {});

  EXPECT_EQ(answer->usage.input_tokens, 3);
  EXPECT_EQ(answer->usage.output_tokens, 3);
  EXPECT_EQ(empty->usage.input_tokens, 1);
  EXPECT_EQ(empty->usage.output_tokens, 1);
}

TEST(ScriptedModel, StreamsAnAnswerInOneDelta) {
  Heard heard;

  const auto answer = source_of("one two three")->for_run()->respond(asking("?", true), heard, {});

  EXPECT_THAT(heard.texts, ElementsAre("one two three"));
  EXPECT_TRUE(answer->first_token);
}

TEST(ScriptedModel, TellsNobodyOfAnAnswerThatIsNotStreamed) {
  Heard heard;

  EXPECT_EQ(source_of("one two", milliseconds(1))->for_run()->respond(asking("?"), heard, {})->text, "one two");

  EXPECT_THAT(heard.texts, IsEmpty());
}

TEST(ScriptedModel, StreamsWordByWordWithADelay) {
  Heard heard;

  const auto answer = source_of(" one  two\nthree ", milliseconds(1))->for_run()->respond(asking("?", true), heard, {});

  EXPECT_THAT(heard.texts, ElementsAre(" one", "  two", "\nthree "));
  EXPECT_EQ(answer->text, " one  two\nthree ");
}

TEST(ScriptedModel, StopsWithinAPause) {
  const auto model = source_of("one two", std::chrono::hours(1))->for_run();
  Heard heard;
  std::stop_source stop;
  std::thread stopper([&stop] { stop.request_stop(); });

  const auto answer = model->respond(asking("?", true), heard, stop.get_token());

  stopper.join();
  EXPECT_EQ(answer.error().code, Code::cancelled);
  EXPECT_THAT(heard.texts, IsEmpty());
}

TEST(ScriptedModel, EndsWithTheRunsTime) {
  Request request = asking("?", true);
  request.deadline = std::chrono::steady_clock::now() + milliseconds(5);
  Heard heard;

  const auto answer = source_of("one two", std::chrono::hours(1))->for_run()->respond(request, heard, {});

  EXPECT_EQ(answer.error().code, Code::model_timeout);
}

}  // namespace
}  // namespace pais::model
