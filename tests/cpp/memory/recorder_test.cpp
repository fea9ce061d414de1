#include "memory/recorder.h"

#include <string>

#include "gmock/gmock.h"

#include "events/run.h"
#include "store_under_test.h"

namespace pais::memory {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// A store that opens a turn and then fails to close it.
class BrokenMemory : public Memory {
 public:
  Result<Turn> open_turn(const TurnOpening& opening) override { return memory_->open_turn(opening); }
  Result<void> close_turn(Turn, std::vector<MemoryEvent>) override { return gone(); }
  Result<std::vector<events::Utterance>> history(std::string_view, std::size_t) override { return gone(); }
  Result<std::string> create_session(const SessionNaming&) override { return gone(); }
  Result<std::string> get_or_create_session(const SessionNaming&) override { return gone(); }
  Result<std::optional<SessionInfo>> session(std::string_view) override { return gone(); }
  Result<bool> add_events(std::string_view, std::vector<MemoryEvent>) override { return gone(); }
  Result<std::vector<MemoryEvent>> events(std::string_view, const EventQuery&) override { return gone(); }
  Result<SessionPage> sessions(const SessionQuery&) override { return gone(); }
  Result<bool> delete_session(std::string_view) override { return gone(); }
  Result<std::size_t> clear() override { return gone(); }
  Result<MemoryStats> stats() override { return gone(); }
  Result<std::size_t> forget_older_than(std::chrono::seconds) override { return gone(); }

 private:
  static Error gone() { return {.code = Code::memory_unavailable, .cause = "the disk is on fire"}; }

  std::unique_ptr<Memory> memory_ = local_memory();
};

events::RunIdentity identity() {
  events::RunIdentity identity;
  identity.run_id = "run_1";
  identity.session_id = "monday";
  return identity;
}

class RecordedRun : public testing::Test {
 protected:
  RecordedRun() : RecordedRun(local_memory()) {}
  explicit RecordedRun(std::unique_ptr<Memory> memory)
      : memory_(std::move(memory)),
        recorder_(*memory_, open_turn(*memory_, opening("monday", "1+2?", "run_1"))),
        run_(identity(), {&recorder_}) {
    run_.emit(events::TurnStarted{.prompt = "1+2?"});
  }

  void end(const std::string& text, std::optional<Error> error = {}) {
    events::TurnEnded ended;
    ended.text = text;
    ended.error = std::move(error);
    run_.emit(std::move(ended));
  }

  void call(const events::ToolCall& call, const std::string& result, bool is_json = false) {
    run_.emit(events::ToolCallRequested{.call = call});
    run_.emit(events::ToolCallStarted{.call = call});
    run_.emit(events::ToolCallEnded{.call = call, .result = result, .is_json = is_json});
  }

  std::unique_ptr<Memory> memory_;
  Recorder recorder_;
  events::RunSink run_;
};

TEST_F(RecordedRun, KeepsQuestionCallsAndAnswerInTheOrderTheyHappened) {
  run_.emit(events::ModelCallStarted{});
  run_.emit(events::TextDelta{.text = "It is"});
  call({.id = "c1", .tool = "add", .arguments = R"({"a": 1, "b": 2})"}, "3");
  end("It is 3.");

  EXPECT_THAT(stored(*memory_, "monday"),
              ElementsAre("user_message \"1+2?\"", R"(tool_call {"tool":"add","arguments":{"a":1,"b":2}})",
                          R"(tool_result {"tool":"add","result":3})", "agent_response \"It is 3.\""));
  EXPECT_THAT(history(*memory_, "monday"), ElementsAre("user: 1+2?", "assistant: It is 3."));
}

TEST_F(RecordedRun, ShowsNothingBeforeTheTurnHasEnded) {
  call({.id = "c1", .tool = "add", .arguments = "{}"}, "3");

  EXPECT_THAT(stored(*memory_, "monday"), SizeIs(1));
  EXPECT_FALSE(recorder_.outcome());
}

TEST_F(RecordedRun, KeepsEachResultAsWhatItIs) {
  call({.id = "1", .tool = "t", .arguments = "not JSON"}, "plain text");
  call({.id = "2", .tool = "t", .arguments = "[1]"}, R"({"deep": [1, {"x": null}]})", true);
  call({.id = "3", .tool = "t", .arguments = ""}, "true");
  call({.id = "4", .tool = "t", .arguments = "{}"}, "3.5 apples");
  end("");

  EXPECT_THAT(
      stored(*memory_, "monday"),
      ElementsAre("user_message \"1+2?\"", R"(tool_call {"tool":"t","arguments":"not JSON"})",
                  R"(tool_result {"tool":"t","result":"plain text"})", R"(tool_call {"tool":"t","arguments":"[1]"})",
                  R"(tool_result {"tool":"t","result":{"deep":[1,{"x":null}]}})",
                  R"(tool_call {"tool":"t","arguments":""})", R"(tool_result {"tool":"t","result":true})",
                  R"(tool_call {"tool":"t","arguments":{}})", R"(tool_result {"tool":"t","result":"3.5 apples"})",
                  "agent_response \"\""));
}

TEST_F(RecordedRun, KeepsADelegationAsOne) {
  const events::ToolCall task{.id = "c1", .tool = "delegate_to_ada", .arguments = R"({"task":"add"})"};
  run_.emit(events::ToolCallRequested{.call = task, .delegation = true});
  run_.emit(events::ToolCallStarted{.call = task});
  run_.emit(events::DelegationStarted{.call_id = "c1", .agent = "ada", .task = "add"});
  events::DelegationEnded failed;
  failed.call_id = "c1";
  failed.is_error = true;
  run_.emit(failed);
  run_.emit(
      events::ToolCallEnded{.call = task, .result = "[Delegation failed: Agent ada unavailable]", .is_error = true});
  end("Sorry.");

  EXPECT_THAT(
      stored(*memory_, "monday"),
      ElementsAre(
          "user_message \"1+2?\"", R"(delegation_request {"tool":"delegate_to_ada","arguments":{"task":"add"}})",
          R"(delegation_response {"tool":"delegate_to_ada","result":"[Delegation failed: Agent ada unavailable]",)"
          R"("is_error":true})",
          "agent_response \"Sorry.\""));
}

TEST_F(RecordedRun, KeepsACallThatNeverRanAsAFailedOne) {
  const events::ToolCall wrong{.id = "c1", .tool = "subtract", .arguments = "{}"};
  run_.emit(events::ToolCallRequested{.call = wrong});
  run_.emit(events::ToolCallEnded{.call = wrong, .result = "Unknown tool", .is_retry = true});
  end("3");

  EXPECT_THAT(stored(*memory_, "monday", {.types = {"tool_result"}}),
              ElementsAre(R"(tool_result {"tool":"subtract","result":"Unknown tool","is_error":true})"));
}

TEST_F(RecordedRun, KeepsTheCallsOfAFailedTurnAndTheFixedSentence) {
  call({.id = "c1", .tool = "add", .arguments = "{}"}, "3");
  end("It is", Error{.code = Code::model_error, .cause = "secret-host:8000 said: panic"});

  const auto all = memory_->events("monday", {});

  ASSERT_TRUE(all);
  ASSERT_THAT(*all, SizeIs(4));
  EXPECT_EQ(type_name(all->back()), "error");
  EXPECT_EQ(all->back().content.text, facts(Code::model_error).sentence);
  EXPECT_EQ(metadata_json(all->back()), R"({"run_id":"run_1","code":"model_error"})");
  EXPECT_THAT(history(*memory_, "monday"), IsEmpty());
}

TEST_F(RecordedRun, KeepsWhatACancelledTurnHadSaid) {
  std::string said(5000, 'x');
  end(said, Error{.code = Code::cancelled, .cause = "hung up"});

  const auto all = memory_->events("monday", {});

  ASSERT_TRUE(all);
  ASSERT_THAT(*all, SizeIs(2));
  EXPECT_EQ(all->back().content.text, "Cancelled by the client.");
  EXPECT_EQ(metadata_json(all->back()),
            R"({"run_id":"run_1","code":"cancelled","partial":")" + said.substr(0, 4096) + "\"}");
}

TEST_F(RecordedRun, CutsAResultThatIsTooLong) {
  call({.id = "c1", .tool = "read", .arguments = "{}"}, std::string(200'000, 'x'));
  end("long");

  const auto results = memory_->events("monday", {.types = {"tool_result"}});

  ASSERT_TRUE(results);
  ASSERT_THAT(*results, SizeIs(1));
  EXPECT_LE(results->front().content.text.size(), kMaxContentBytes);
  EXPECT_THAT(results->front().more_metadata, HasSubstr("content.truncated"));
}

TEST_F(RecordedRun, KeepsTheNewestOfAnEndlessRun) {
  for (int i = 0; i < 3000; ++i) call({.id = "c", .tool = "t", .arguments = "{}"}, std::to_string(i));
  end("at last");

  const auto all = memory_->events("monday", {.limit = 2});

  ASSERT_TRUE(all);
  EXPECT_THAT(lines(*all), ElementsAre(R"(tool_result {"tool":"t","result":2999})", "agent_response \"at last\""));
}

class BrokenRun : public RecordedRun {
 protected:
  BrokenRun() : RecordedRun(std::make_unique<BrokenMemory>()) {}
};

TEST_F(BrokenRun, SaysThatTheTurnIsNotRemembered) {
  testing::internal::CaptureStdout();

  end("3");

  EXPECT_THAT(testing::internal::GetCapturedStdout(), HasSubstr("not remembered"));
  ASSERT_TRUE(recorder_.outcome());
  EXPECT_EQ(recorder_.outcome()->error().code, Code::memory_unavailable);
}

class ForgottenRun : public RecordedRun {
 protected:
  ForgottenRun() : RecordedRun(null_memory()) {}
};

TEST_F(ForgottenRun, TroublesNobody) {
  call({.id = "c1", .tool = "add", .arguments = "{}"}, "3");
  end("3");

  EXPECT_FALSE(recorder_.outcome());
}

}  // namespace
}  // namespace pais::memory
