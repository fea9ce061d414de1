#include "bindings/python_memory.h"

#include <map>
#include <optional>

#include "gmock/gmock.h"

#include "fake_loop.h"

namespace pais::bindings {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

// A memory over a loop that gives each method the answer it was told to give; no answer is a failure.
class PythonMemoryTest : public testing::Test {
 protected:
  void answer(const std::string& method, const std::string& json) { answers_[method] = json; }

  PythonMemory& memory() { return memory_; }
  std::vector<std::string> asked() { return loop_.asked(); }

  memory::TurnOpening opening(bool wants_history = true) {
    return {.session_id = "monday",
            .mark = {.run_id = "run_1"},
            .prompt = "hello",
            .wants_history = wants_history,
            .context_limit = 4};
  }

 private:
  std::map<std::string, std::string> answers_;  // before the first call
  std::shared_ptr<Errands> errands_ = std::make_shared<Errands>();
  PythonMemory memory_{errands_};
  FakeLoop loop_{*errands_, [this](Errands& errands, const Errand& errand) {
                   const auto answer = answers_.find(errand.method);
                   if (answer == answers_.end()) return errands.failed(errand.number, "NotImplementedError");
                   errands.done(errand.number, answer->second);
                 }};
};

TEST_F(PythonMemoryTest, OpensATurnInTheStepsThatAUsersObjectExpects) {
  answer("get_or_create_session", R"("monday")");
  answer("add_events", "true");
  answer("build_message_history", R"([[true,"one"],[false,"1"]])");

  const auto turn = memory().open_turn(opening());

  ASSERT_TRUE(turn);
  EXPECT_TRUE(turn->remembered);
  ASSERT_THAT(turn->history, SizeIs(2));
  EXPECT_EQ(turn->history[0].speaker, events::Speaker::user);
  EXPECT_EQ(turn->history[1].text, "1");
  EXPECT_THAT(asked(), ElementsAre(R"(get_or_create_session ["monday","agent","user"])",
                                   StartsWith(R"(add_events ["monday",["{\"event_id\":)"),
                                   R"(build_message_history ["monday",4])"));
}

TEST_F(PythonMemoryTest, AsksForNoHistoryThatTheClientBrought) {
  answer("get_or_create_session", R"("monday")");
  answer("add_events", "true");

  ASSERT_TRUE(memory().open_turn(opening(false)));

  EXPECT_THAT(asked(), SizeIs(2));
}

TEST_F(PythonMemoryTest, AddsTheEndOfATurnInOneErrand) {
  answer("get_or_create_session", R"("monday")");
  answer("add_events", "true");
  auto turn = memory().open_turn(opening(false));
  ASSERT_TRUE(turn);

  const auto closed = memory().close_turn(
      *std::move(turn), {memory::make_event(memory::EventType::tool_call, {.text = "{}", .is_json = true}),
                         memory::make_event(memory::EventType::agent_response, {.text = "hi"})});

  EXPECT_TRUE(closed);
  EXPECT_THAT(asked(), SizeIs(3));
}

TEST_F(PythonMemoryTest, LetsATurnGoOnWithoutHistoryWhenItFails) {
  const auto turn = memory().open_turn(opening());

  ASSERT_TRUE(turn);
  EXPECT_FALSE(turn->remembered);
  EXPECT_THAT(turn->history, IsEmpty());
  EXPECT_FALSE(memory().reachable());
}

TEST_F(PythonMemoryTest, StoresNothingOfATurnItCouldNotOpen) {
  auto turn = memory().open_turn(opening());
  ASSERT_TRUE(turn);

  EXPECT_TRUE(memory().close_turn(*std::move(turn), {}));
  EXPECT_THAT(asked(), SizeIs(1));
}

TEST_F(PythonMemoryTest, SaysWhenTheEndOfATurnIsLost) {
  answer("get_or_create_session", R"("monday")");
  answer("add_events", "null");

  const auto closed = memory().close_turn({.session_id = "monday"}, {});

  ASSERT_FALSE(closed);
  EXPECT_EQ(closed.error().code, Code::memory_unavailable);
  EXPECT_THAT(closed.error().describe(), HasSubstr("add_events"));
}

TEST_F(PythonMemoryTest, SkipsWhatIsNoEvent) {
  answer(
      "get_session_events",
      R"(["{\"event_id\":\"e1\",\"timestamp\":\"2026-11-20T20:27:27Z\",\"event_type\":\"note\",\"content\":1}","{}"])");

  const auto events = memory().events("monday", {});

  ASSERT_TRUE(events);
  ASSERT_THAT(*events, SizeIs(1));
  EXPECT_EQ(events->front().event_id, "e1");
}

TEST_F(PythonMemoryTest, GivesAnAnswerOfAnotherShapeAsAnErrorThatNamesTheMethod) {
  for (const std::string method :
       {"create_session", "get_session", "get_session_events", "list_sessions", "delete_session", "get_memory_stats"}) {
    answer(method, R"({"a":1})");
  }

  EXPECT_THAT(memory().create_session({}).error().describe(), HasSubstr("create_session"));
  EXPECT_THAT(memory().session("monday").error().describe(), HasSubstr("get_session"));
  EXPECT_THAT(memory().events("monday", {}).error().describe(), HasSubstr("get_session_events"));
  EXPECT_THAT(memory().sessions({}).error().describe(), HasSubstr("list_sessions"));
  EXPECT_THAT(memory().delete_session("monday").error().describe(), HasSubstr("delete_session"));
  EXPECT_THAT(memory().stats().error().describe(), HasSubstr("get_memory_stats"));
}

TEST_F(PythonMemoryTest, ListsSessionsPageByPage) {
  answer("list_sessions", R"(["a","b","c"])");

  const auto first = memory().sessions({.limit = 2});
  ASSERT_TRUE(first);
  const auto second = memory().sessions({.limit = 2, .after = first->next});

  ASSERT_TRUE(second);
  EXPECT_THAT(first->ids, ElementsAre("a", "b"));
  EXPECT_THAT(second->ids, ElementsAre("c"));
  EXPECT_EQ(second->next, "");
}

TEST_F(PythonMemoryTest, ClearsSessionBySession) {
  answer("list_sessions", R"(["a","b"])");
  answer("delete_session", "true");

  const auto removed = memory().clear();

  ASSERT_TRUE(removed);
  EXPECT_EQ(*removed, 2);
}

TEST_F(PythonMemoryTest, TellsAgesInHours) {
  answer("cleanup_old_sessions", "3");

  ASSERT_TRUE(memory().forget_older_than(std::chrono::hours(24)));
  ASSERT_TRUE(memory().forget_older_than(std::chrono::minutes(90)));

  EXPECT_THAT(asked(), ElementsAre("cleanup_old_sessions [24]", "cleanup_old_sessions [1.5]"));
}

}  // namespace
}  // namespace pais::bindings
