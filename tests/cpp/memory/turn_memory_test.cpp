// A turn in every store that keeps something: what its opening tells and what its end leaves behind.
#include <atomic>
#include <optional>
#include <thread>

#include "gmock/gmock.h"

#include "store_under_test.h"

namespace pais::memory {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class TurnMemory : public AnyMemory {};

TEST_P(TurnMemory, TellsTheNextTurnWhatWasSaid) {
  remember(memory(), "monday", "hello", "hi");
  remember(memory(), "monday", "how are you?", "fine");

  const Turn turn = open_turn(memory(), "monday", "and now?");

  EXPECT_THAT(lines(turn.history),
              ElementsAre("user: hello", "assistant: hi", "user: how are you?", "assistant: fine"));
}

TEST_P(TurnMemory, KeepsConversationsApart) {
  remember(memory(), "monday", "hello", "hi");

  EXPECT_THAT(open_turn(memory(), "tuesday", "hey").history, IsEmpty());
}

TEST_P(TurnMemory, LeavesAFailedTurnOutOfTheHistoryButKeepsItsEvents) {
  remember(memory(), "monday", "hello", "hi");
  fail(memory(), open_turn(memory(), "monday", "crash, please"));

  EXPECT_THAT(history(memory(), "monday"), ElementsAre("user: hello", "assistant: hi"));
  EXPECT_THAT(stored(memory(), "monday"), ElementsAre("user_message \"hello\"", "agent_response \"hi\"",
                                                      "user_message \"crash, please\"", "error \"The model failed.\""));
}

TEST_P(TurnMemory, LeavesOutAFailedTurnThatRanBesideAGoodOne) {
  TurnOpening good = opening("monday", "good", "run_good");
  TurnOpening bad = opening("monday", "bad", "run_bad");
  good.serial = bad.serial = false;
  Turn first = open_turn(memory(), good);
  Turn second = open_turn(memory(), bad);
  answer(memory(), std::move(first), "fine");
  fail(memory(), std::move(second));

  EXPECT_THAT(history(memory(), "monday"), ElementsAre("user: good", "assistant: fine"));
}

TEST_P(TurnMemory, ReadsTurnsWithoutARunByTheirOrder) {
  ASSERT_TRUE(memory().create_session({.session_id = "monday"}));
  const auto added = memory().add_events(
      "monday", {note(EventType::user_message, "one"), note(EventType::agent_response, "1"),
                 note(EventType::user_message, "broken"), note(EventType::error, "Oh."),
                 note(EventType::task_delegation_received, "two"), note(EventType::agent_response, "2"),
                 note(EventType::tool_call, "late"), note(EventType::tool_result, "later")});

  ASSERT_TRUE(added && *added);
  EXPECT_THAT(history(memory(), "monday"), ElementsAre("user: one", "assistant: 1", "user: two", "assistant: 2"));
}

TEST_P(TurnMemory, CountsMessagesNotToolCalls) {
  for (const char* prompt : {"one", "two", "three"}) {
    Turn turn = open_turn(memory(), "monday", prompt);
    std::vector<MemoryEvent> events;
    for (int i = 0; i < 10; ++i) {
      events.push_back(make_event(EventType::tool_call, *json_content(R"({"tool":"add"})"), turn.mark));
    }
    events.push_back(make_event(EventType::agent_response, {.text = "done"}, turn.mark));
    ASSERT_TRUE(memory().close_turn(std::move(turn), std::move(events)));
  }

  EXPECT_THAT(history(memory(), "monday", 4),
              ElementsAre("user: two", "assistant: done", "user: three", "assistant: done"));
}

TEST_P(TurnMemory, NeverBeginsAHistoryWithAnAnswer) {
  remember(memory(), "monday", "one", "1");
  remember(memory(), "monday", "two", "2");

  EXPECT_THAT(history(memory(), "monday", 3), ElementsAre("user: two", "assistant: 2"));
  EXPECT_THAT(history(memory(), "monday", 1), IsEmpty());
}

TEST_P(TurnMemory, TellsEverythingWithoutALimit) {
  for (int i = 0; i < 40; ++i) remember(memory(), "monday", "again");

  EXPECT_THAT(history(memory(), "monday", 0), SizeIs(80));
}

TEST_P(TurnMemory, ReachesBackOverALongRowOfFailures) {
  remember(memory(), "monday", "hello", "hi");
  for (int i = 0; i < 60; ++i) fail(memory(), open_turn(memory(), "monday", "crash, please"));

  EXPECT_THAT(open_turn(memory(), "monday", "and now?").history, SizeIs(2));
}

TEST_P(TurnMemory, TellsAClientWithItsOwnHistoryNothing) {
  remember(memory(), "monday", "hello", "hi");
  TurnOpening own = opening("monday", "I remember myself", "run_2");
  own.wants_history = false;

  const Turn turn = open_turn(memory(), own);

  EXPECT_THAT(turn.history, IsEmpty());
  EXPECT_THAT(stored(memory(), "monday"), SizeIs(3));
}

TEST_P(TurnMemory, RemembersATurnOfASessionThatWasMadeForIt) {
  TurnOpening first = opening("monday", "hello", "run_1");
  first.wants_history = first.serial = false;
  first.fresh = true;
  answer(memory(), open_turn(memory(), first), "hi");

  EXPECT_THAT(stored(memory(), "monday"), ElementsAre("user_message \"hello\"", "agent_response \"hi\""));
  EXPECT_THAT(open_turn(memory(), "monday", "and now?").history, SizeIs(2));
}

TEST_P(TurnMemory, StoresATaskOfAnotherAgentAsSuch) {
  TurnOpening task = opening("monday", "add it up", "run_1");
  task.delegated = true;
  answer(memory(), open_turn(memory(), task), "3");

  EXPECT_THAT(stored(memory(), "monday"),
              ElementsAre("task_delegation_received \"add it up\"", "agent_response \"3\""));
  EXPECT_THAT(history(memory(), "monday"), ElementsAre("user: add it up", "assistant: 3"));
}

TEST_P(TurnMemory, MarksEveryEventWithItsTurn) {
  TurnOpening marked = opening("monday", "hello", "run_0123456789ab");
  marked.mark.trace_id = "0af7651916cd43dd8448eb211c80319c";
  marked.mark.span_id = "b7ad6b7169203331";
  answer(memory(), open_turn(memory(), marked), "hi");

  const auto events = memory().events("monday", {});

  ASSERT_TRUE(events);
  ASSERT_THAT(*events, SizeIs(2));
  for (const auto& event : *events) {
    EXPECT_EQ(metadata_json(event), R"({"trace_id":"0af7651916cd43dd8448eb211c80319c",)"
                                    R"("span_id":"b7ad6b7169203331","run_id":"run_0123456789ab"})");
  }
}

TEST_P(TurnMemory, ShowsNothingOfATurnButItsPromptUntilItEnds) {
  Turn turn = open_turn(memory(), "monday", "hello");
  EXPECT_THAT(stored(memory(), "monday"), ElementsAre("user_message \"hello\""));

  answer(memory(), std::move(turn), "hi");

  EXPECT_THAT(stored(memory(), "monday"), ElementsAre("user_message \"hello\"", "agent_response \"hi\""));
}

TEST_P(TurnMemory, LetsTheNextTurnInWhenATurnIsDropped) {
  { const Turn dropped = open_turn(memory(), "monday", "hello"); }

  const Turn next = open_turn(memory(), "monday", "hello?");

  EXPECT_FALSE(next.busy_for);
  EXPECT_THAT(lines(next.history), IsEmpty());
}

TEST_P(TurnMemory, LeavesAQuestionWithoutAnAnswerOutOfTheHistoryButKeepsIt) {
  remember(memory(), "monday", "hello", "hi");
  { const Turn cut_off = open_turn(memory(), "monday", "delete the old backups"); }
  remember(memory(), "monday", "how are you?", "fine");
  { const Turn cut_off = open_turn(memory(), "monday", "delete the new ones, too"); }

  const Turn next = open_turn(memory(), "monday", "what is the time?");

  EXPECT_THAT(lines(next.history),
              ElementsAre("user: hello", "assistant: hi", "user: how are you?", "assistant: fine"));
  EXPECT_EQ(history(memory(), "monday"), lines(next.history));
  EXPECT_THAT(stored(memory(), "monday", {.types = {"user_message"}}), SizeIs(5));
}

TEST_P(TurnMemory, ReachesBackOverALongRowOfQuestionsWithoutAnAnswer) {
  remember(memory(), "monday", "hello", "hi");
  for (int i = 0; i < 60; ++i) const Turn cut_off = open_turn(memory(), "monday", "anybody there?");

  EXPECT_THAT(open_turn(memory(), "monday", "and now?").history, SizeIs(2));
}

TEST_P(TurnMemory, TellsATurnThatDoesNotWaitOfTheOneThatIsRunning) {
  const Turn running = open_turn(memory(), "monday", "ask the other agent");
  TurnOpening hop = opening("monday", "on behalf of you", "run_hop");
  hop.serial = false;

  const Turn turn = open_turn(memory(), hop);

  EXPECT_THAT(lines(turn.history), ElementsAre("user: ask the other agent"));
}

TEST_P(TurnMemory, TellsAQuestionWithoutARunEvenIfNobodyHasAnsweredIt) {
  ASSERT_TRUE(memory().create_session({.session_id = "monday"}));
  const auto added =
      memory().add_events("monday", {note(EventType::user_message, "one"), note(EventType::user_message, "two"),
                                     note(EventType::agent_response, "2")});

  ASSERT_TRUE(added && *added);
  EXPECT_THAT(lines(open_turn(memory(), "monday", "three").history),
              ElementsAre("user: one", "user: two", "assistant: 2"));
}

TEST_P(TurnMemory, DoesNotBringBackASessionThatWasDeletedWhileATurnRan) {
  Turn turn = open_turn(memory(), "monday", "hello");
  ASSERT_TRUE(memory().delete_session("monday"));

  answer(memory(), std::move(turn), "hi");

  EXPECT_THAT(stored(memory(), "monday"), IsEmpty());
  EXPECT_THAT(session_ids(memory()), IsEmpty());
}

TEST_P(TurnMemory, OpensOneSessionForManyAtOnce) {
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&, i] {
      TurnOpening mine = opening("monday", "hello", "run_" + std::to_string(i));
      mine.serial = false;
      answer(memory(), open_turn(memory(), mine), "hi");
    });
  }
  for (auto& client : clients) client.join();

  EXPECT_THAT(session_ids(memory()), ElementsAre("monday"));
  EXPECT_THAT(stored(memory(), "monday"), SizeIs(16));
}

TEST_P(TurnMemory, NeverShowsHalfATurn) {
  std::atomic<bool> done = false;
  std::atomic<int> halves = 0;
  std::thread reader([&] {
    while (!done) {
      const auto events = memory().events("monday", {.types = {"tool_call", "agent_response"}});
      if (!events || events->size() % 5 != 0) ++halves;
    }
  });
  for (int i = 0; i < 50; ++i) {
    Turn turn = open_turn(memory(), "monday", "go");
    std::vector<MemoryEvent> events(4, make_event(EventType::tool_call, {.text = "x"}, turn.mark));
    for (auto& event : events) event.event_id = make_event(EventType::tool_call, {}).event_id;
    events.push_back(make_event(EventType::agent_response, {.text = "done"}, turn.mark));
    ASSERT_TRUE(memory().close_turn(std::move(turn), std::move(events)));
  }
  done = true;
  reader.join();

  EXPECT_EQ(halves, 0);
}

TEST_P(TurnMemory, ForgetsTheOldestEventsOfALongConversation) {
  open({.max_session_events = 4});
  remember(memory(), "monday", "one", "1");
  remember(memory(), "monday", "two", "2");

  remember(memory(), "monday", "three", "3");

  EXPECT_THAT(stored(memory(), "monday"), ElementsAre("user_message \"two\"", "agent_response \"2\"",
                                                      "user_message \"three\"", "agent_response \"3\""));
  EXPECT_THAT(history(memory(), "monday", 0), ElementsAre("user: two", "assistant: 2", "user: three", "assistant: 3"));
}

TEST_P(TurnMemory, ForgetsTheConversationThatWasSilentLongestWhenFull) {
  open({.max_sessions = 3});
  remember(memory(), "monday", "hello");
  remember(memory(), "tuesday", "hello");
  remember(memory(), "wednesday", "hello");
  remember(memory(), "monday", "still here");

  remember(memory(), "thursday", "hello");

  EXPECT_THAT(session_ids(memory()), testing::UnorderedElementsAre("monday", "wednesday", "thursday"));
}

TEST_P(TurnMemory, ForgetsATenthAtOnceWhenFull) {
  open({.max_sessions = 20});
  for (int i = 0; i < 20; ++i) remember(memory(), "session " + std::to_string(i), "hello");

  remember(memory(), "one more", "hello");

  const auto left = session_ids(memory());
  EXPECT_THAT(left, SizeIs(19));
  EXPECT_THAT(left, testing::Not(testing::Contains("session 0")));
  EXPECT_THAT(left, testing::Not(testing::Contains("session 1")));
  EXPECT_THAT(left, testing::Contains("session 2"));
}

TEST_P(TurnMemory, NeverForgetsAConversationWithATurnRunning) {
  open({.max_sessions = 2});
  Turn running = open_turn(memory(), "monday", "think hard");
  for (int i = 0; i < 10; ++i) remember(memory(), "session " + std::to_string(i), "hello");

  answer(memory(), std::move(running), "42");

  EXPECT_THAT(stored(memory(), "monday"), ElementsAre("user_message \"think hard\"", "agent_response \"42\""));
  EXPECT_THAT(session_ids(memory()), SizeIs(2));
}

TEST_P(TurnMemory, CutsContentThatIsTooLongAndSaysSo) {
  const std::string umlauts = [] {
    std::string text = "x";
    while (text.size() < 2 * kMaxContentBytes) text += "ü";
    return text;
  }();

  answer(memory(), open_turn(memory(), "monday", umlauts), "long!");

  const auto events = memory().events("monday", {});
  ASSERT_TRUE(events);
  ASSERT_THAT(*events, SizeIs(2));
  EXPECT_EQ(events->front().content.text, umlauts.substr(0, kMaxContentBytes - 1));
  EXPECT_EQ(events->front().more_metadata, R"({"content.length":131073,"content.truncated":true})");
}

TEST_P(TurnMemory, KeepsWhateverPeopleWrite) {
  const std::string odd =
      "\"quotes\" \\ \n\t \x01 \xF0\x9F\x98\x80 {\"event_type\":\"error\",\"run_id\":\"run_x\"} "
      "'; DROP TABLE events; --\r\n*1\r\n$4\r\nPING\r\n";
  remember(memory(), odd, odd, odd);

  EXPECT_THAT(history(memory(), odd), ElementsAre("user: " + odd, "assistant: " + odd));
  EXPECT_THAT(session_ids(memory()), ElementsAre(odd));
}

INSTANTIATE_TEST_SUITE_P(Stores, TurnMemory, testing::ValuesIn(keeping_stores()), store_name);

}  // namespace
}  // namespace pais::memory
