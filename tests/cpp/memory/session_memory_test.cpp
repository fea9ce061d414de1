// Sessions and events one by one, in every store that keeps something.
#include <algorithm>
#include <set>
#include <string>
#include <thread>

#include "gmock/gmock.h"

#include "base/clock.h"
#include "memory/event_page.h"
#include "store_under_test.h"

namespace pais::memory {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class SessionMemory : public AnyMemory {
 protected:
  void add(const std::string& session_id, MemoryEvent event) {
    const auto known = memory().add_event(session_id, std::move(event));
    ASSERT_TRUE(known) << known.error().describe();
    EXPECT_TRUE(*known);
  }
};

TEST_P(SessionMemory, CreatesASessionForAUserOfAnApp) {
  ASSERT_TRUE(memory().create_session({.session_id = "monday", .app_name = "shop", .user_id = "ada"}));

  const auto info = memory().session("monday");

  ASSERT_TRUE(info && *info);
  EXPECT_EQ((*info)->session_id, "monday");
  EXPECT_EQ((*info)->app_name, "shop");
  EXPECT_EQ((*info)->user_id, "ada");
  EXPECT_EQ((*info)->events, 0U);
  EXPECT_LE((*info)->created_at, (*info)->updated_at);
}

TEST_P(SessionMemory, KnowsWhenASessionWasLastUsed) {
  remember(memory(), "monday", "hello");
  const auto before = memory().session("monday");
  clock_.turn(std::chrono::hours(1));

  remember(memory(), "monday", "hello again");

  const auto after = memory().session("monday");
  ASSERT_TRUE(before && *before && after && *after);
  EXPECT_EQ((*after)->created_at, (*before)->created_at);
  EXPECT_GE((*after)->updated_at - (*before)->updated_at, std::chrono::hours(1));
  EXPECT_EQ((*after)->events, 4U);
}

TEST_P(SessionMemory, ReplacesASessionThatIsCreatedAgain) {
  remember(memory(), "monday", "hello");

  ASSERT_TRUE(memory().create_session({.session_id = "monday", .user_id = "grace"}));

  const auto info = memory().session("monday");
  ASSERT_TRUE(info && *info);
  EXPECT_EQ((*info)->user_id, "grace");
  EXPECT_THAT(stored(memory(), "monday"), IsEmpty());
  EXPECT_THAT(history(memory(), "monday"), IsEmpty());
}

TEST_P(SessionMemory, LeavesASessionThatIsThereAsItIs) {
  remember(memory(), "monday", "hello");

  ASSERT_TRUE(memory().get_or_create_session({.session_id = "monday", .user_id = "grace"}));

  EXPECT_THAT(stored(memory(), "monday"), SizeIs(2));
  const auto info = memory().session("monday");
  ASSERT_TRUE(info && *info);
  EXPECT_EQ((*info)->user_id, "user");
}

TEST_P(SessionMemory, RefusesEventsOfAnUnknownSession) {
  const auto known = memory().add_event("nobody", note(EventType::user_message, "hello"));

  ASSERT_TRUE(known);
  EXPECT_FALSE(*known);
  EXPECT_THAT(session_ids(memory()), IsEmpty());
}

TEST_P(SessionMemory, GivesBackAnEventAsItWas) {
  ASSERT_TRUE(memory().create_session({.session_id = "monday"}));
  MemoryEvent event = make_event(EventType::tool_result, *json_content(R"({"result":[1,2.5,null,true],"tool":"x"})"),
                                 {.run_id = "run_1"}, clock_.wall());
  ASSERT_TRUE(set_metadata(event, R"({"run_id":"run_1","mood":{"good":true},"n":3})"));
  add("monday", event);

  const auto events = memory().events("monday", {});

  ASSERT_TRUE(events);
  ASSERT_THAT(*events, SizeIs(1));
  EXPECT_EQ(event_json(events->front()), event_json(event));
}

TEST_P(SessionMemory, KeepsEventsOfAUsersOwnKind) {
  ASSERT_TRUE(memory().create_session({.session_id = "monday"}));
  MemoryEvent mood;
  mood = note(EventType::user_message, "sunny");
  set_type(mood, "mood");
  add("monday", mood);

  EXPECT_THAT(stored(memory(), "monday"), ElementsAre("mood \"sunny\""));
  EXPECT_THAT(stored(memory(), "monday", {.types = {"mood"}}), SizeIs(1));
  EXPECT_THAT(history(memory(), "monday"), IsEmpty());
}

TEST_P(SessionMemory, KeepsTheOrderOfArrivalWhateverTheTimes) {
  ASSERT_TRUE(memory().create_session({.session_id = "monday"}));
  const auto now = clock_.wall();
  add("monday", make_event(EventType::user_message, {.text = "late"}, {}, now + std::chrono::hours(1)));
  add("monday", make_event(EventType::agent_response, {.text = "early"}, {}, now));

  EXPECT_THAT(stored(memory(), "monday"), ElementsAre("user_message \"late\"", "agent_response \"early\""));
}

TEST_P(SessionMemory, ShowsEventsOfSomeKinds) {
  remember(memory(), "monday", "one", "1");
  fail(memory(), open_turn(memory(), "monday", "two"));

  EXPECT_THAT(stored(memory(), "monday", {.types = {"agent_response", "error"}}),
              ElementsAre("agent_response \"1\"", "error \"The model failed.\""));
}

TEST_P(SessionMemory, ShowsTheNewestEvents) {
  for (const char* prompt : {"one", "two", "three"}) remember(memory(), "monday", prompt);

  EXPECT_THAT(stored(memory(), "monday", {.types = {"user_message"}, .limit = 2}),
              ElementsAre("user_message \"two\"", "user_message \"three\""));
}

TEST_P(SessionMemory, GoesOnAfterAnEventThatWasSeen) {
  for (const char* prompt : {"one", "two", "three"}) remember(memory(), "monday", prompt);
  const auto all = memory().events("monday", {});
  ASSERT_TRUE(all && all->size() == 6);

  EXPECT_THAT(stored(memory(), "monday", {.limit = 2, .after = (*all)[1].event_id}),
              ElementsAre("user_message \"two\"", "agent_response \"ok\""));
  EXPECT_THAT(stored(memory(), "monday", {.after = (*all)[5].event_id}), IsEmpty());
  EXPECT_THAT(stored(memory(), "monday", {.after = "event_of_long_ago"}), SizeIs(6));
}

TEST_P(SessionMemory, MergesAllSessionsByTime) {
  const auto now = clock_.wall();
  const auto say = [&](const std::string& session_id, const std::string& text, std::chrono::minutes after) {
    ASSERT_TRUE(memory().get_or_create_session({.session_id = session_id}));
    add(session_id, make_event(EventType::user_message, {.text = text}, {}, now + after));
  };
  say("monday", "first", std::chrono::minutes(1));
  say("monday", "third", std::chrono::minutes(3));
  say("tuesday", "second", std::chrono::minutes(2));
  say("tuesday", "fourth", std::chrono::minutes(4));

  const auto newest = memory().all_events({.limit = 3});

  ASSERT_TRUE(newest);
  EXPECT_THAT(lines(*newest),
              ElementsAre("user_message \"second\"", "user_message \"third\"", "user_message \"fourth\""));
  const auto next = memory().all_events({.limit = 1, .after = newest->front().event_id});
  ASSERT_TRUE(next);
  EXPECT_THAT(lines(*next), ElementsAre("user_message \"third\""));
}

// All pages, from the newest back, and each as it is shown.
std::vector<std::vector<std::string>> pages(Memory& memory, std::string_view session_id, const EventQuery& query) {
  std::vector<std::vector<std::string>> found;
  std::string cursor;
  do {
    const auto page = event_page(memory, session_id, query, cursor);
    EXPECT_TRUE(page) << page.error().describe();
    if (!page) return found;
    found.push_back(lines(page->events));
    cursor = page->next;
  } while (!cursor.empty() && found.size() < 100);
  return found;
}

TEST_P(SessionMemory, ShowsASessionInPagesFromItsEndBack) {
  for (const char* prompt : {"one", "two", "three"}) remember(memory(), "monday", prompt);

  EXPECT_THAT(pages(memory(), "monday", {.limit = 4}),
              ElementsAre(ElementsAre("user_message \"two\"", "agent_response \"ok\"", "user_message \"three\"",
                                      "agent_response \"ok\""),
                          ElementsAre("user_message \"one\"", "agent_response \"ok\"")));
  EXPECT_THAT(
      pages(memory(), "monday", {.types = {"user_message"}, .limit = 2}),
      ElementsAre(ElementsAre("user_message \"two\"", "user_message \"three\""), ElementsAre("user_message \"one\"")));
  EXPECT_THAT(pages(memory(), "monday", {.limit = 6}), SizeIs(1));
}

TEST_P(SessionMemory, GoesOnWithThePagesOfASessionThatHasGrown) {
  for (const char* prompt : {"one", "two"}) remember(memory(), "monday", prompt);
  const auto first = event_page(memory(), "monday", {.limit = 2}, {});
  ASSERT_TRUE(first);
  remember(memory(), "monday", "three");

  const auto second = event_page(memory(), "monday", {.limit = 2}, first->next);

  ASSERT_TRUE(second);
  EXPECT_THAT(lines(second->events), ElementsAre("user_message \"one\"", "agent_response \"ok\""));
  EXPECT_EQ(second->next, "");
}

TEST_P(SessionMemory, HasNothingBeforeAnEventThatIsForgotten) {
  remember(memory(), "monday", "hello");

  EXPECT_THAT(stored(memory(), "monday", {.before = "event_of_long_ago"}), IsEmpty());
}

TEST_P(SessionMemory, ShowsAllSessionsInPagesByTimeAndEachEventOnce) {
  const auto now = clock_.wall();
  std::vector<std::string> all;
  for (int i = 0; i < 12; ++i) {
    const std::string session_id = "session " + std::to_string(i % 3);
    ASSERT_TRUE(memory().get_or_create_session({.session_id = session_id}));
    // Four at a time are of one moment.
    add(session_id,
        make_event(EventType::user_message, {.text = std::to_string(i)}, {}, now + std::chrono::milliseconds(i / 4)));
  }

  const auto found = pages(memory(), {}, {.limit = 5});

  ASSERT_THAT(found, SizeIs(3));
  EXPECT_THAT(found[0], SizeIs(5));
  EXPECT_THAT(found[1], SizeIs(5));
  EXPECT_THAT(found[2], SizeIs(2));
  for (auto page = found.rbegin(); page != found.rend(); ++page) all.insert(all.end(), page->begin(), page->end());
  std::vector<std::string> moments;
  for (const std::string& line : all) moments.push_back(std::to_string(std::stoi(line.substr(14)) / 4));
  EXPECT_TRUE(std::is_sorted(moments.begin(), moments.end()));
  EXPECT_THAT(std::set<std::string>(all.begin(), all.end()), SizeIs(12));
}

TEST_P(SessionMemory, GoesOnAcrossAllSessionsAfterAnEvent) {
  for (const char* id : {"monday", "tuesday", "wednesday"}) {
    ASSERT_TRUE(memory().get_or_create_session({.session_id = id}));
    add(id, make_event(EventType::user_message, {.text = id}, {}, clock_.wall()));
    add(id, make_event(EventType::agent_response, {.text = "ok"}, {}, clock_.wall()));
  }
  const auto all = memory().all_events({});
  ASSERT_TRUE(all);
  ASSERT_THAT(*all, SizeIs(6));

  const auto some = memory().all_events({.limit = 2, .after = (*all)[1].event_id});
  const auto prompts = memory().all_events({.types = {"user_message"}, .after = (*all)[1].event_id});
  const auto none = memory().all_events({.after = all->back().event_id});
  const auto lost = memory().all_events({.limit = 1, .after = "event_of_long_ago"});

  ASSERT_TRUE(some && prompts && none && lost);
  EXPECT_THAT(lines(*some), ElementsAre("user_message \"tuesday\"", "agent_response \"ok\""));
  EXPECT_THAT(lines(*prompts), ElementsAre("user_message \"tuesday\"", "user_message \"wednesday\""));
  EXPECT_THAT(*none, IsEmpty());
  EXPECT_THAT(lines(*lost), ElementsAre("user_message \"monday\""));
}

TEST_P(SessionMemory, RefusesACursorThatIsNone) {
  for (const char* cursor : {"nonsense", "/", "1/", "/1", "1/-1", "inf/1", "1/99999999999", "12x"}) {
    const auto events = event_page(memory(), {}, {.limit = 1}, cursor);
    const auto sessions = memory().sessions({.limit = 1, .after = cursor});
    ASSERT_FALSE(events) << cursor;
    ASSERT_FALSE(sessions) << cursor;
    EXPECT_EQ(events.error().code, Code::invalid_query);
    EXPECT_EQ(sessions.error().code, Code::invalid_query);
  }
}

TEST_P(SessionMemory, RefusesACursorThatIsNoneAlsoInASession) {
  remember(memory(), "monday", "hello");

  for (const char* cursor : {"nonsense", "1/1", "12"}) {
    const auto page = event_page(memory(), "monday", {.limit = 1}, cursor);
    ASSERT_FALSE(page) << cursor;
    EXPECT_EQ(page.error().code, Code::invalid_query);
  }
  const auto forgotten = event_page(memory(), "monday", {.limit = 1}, "event_of_long_ago");
  ASSERT_TRUE(forgotten);
  EXPECT_THAT(forgotten->events, IsEmpty());
}

TEST_P(SessionMemory, GoesBackFromAnEventThatSomebodyNamed) {
  remember(memory(), "monday", "hello");
  MemoryEvent named = note(EventType::user_message, "mine");
  named.event_id = "mine";
  add("monday", named);

  const auto page = event_page(memory(), "monday", {.limit = 2}, "mine");

  ASSERT_TRUE(page);
  EXPECT_THAT(lines(page->events), ElementsAre("user_message \"hello\"", "agent_response \"ok\""));
}

TEST_P(SessionMemory, ListsSessionsInPages) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(memory().create_session({.session_id = "session " + std::to_string(i)}));

  const auto first = memory().sessions({.limit = 2});
  ASSERT_TRUE(first);
  const auto second = memory().sessions({.limit = 2, .after = first->next});
  ASSERT_TRUE(second);
  const auto third = memory().sessions({.limit = 2, .after = second->next});
  ASSERT_TRUE(third);

  EXPECT_THAT(first->ids, ElementsAre("session 0", "session 1"));
  EXPECT_THAT(second->ids, ElementsAre("session 2", "session 3"));
  EXPECT_THAT(third->ids, ElementsAre("session 4"));
  EXPECT_EQ(third->next, "");
}

TEST_P(SessionMemory, ListsTheSessionsOfAUser) {
  ASSERT_TRUE(memory().create_session({.session_id = "monday", .user_id = "ada"}));
  ASSERT_TRUE(memory().create_session({.session_id = "tuesday", .user_id = "grace"}));

  const auto page = memory().sessions({.user_id = "grace"});

  ASSERT_TRUE(page);
  EXPECT_THAT(page->ids, ElementsAre("tuesday"));
}

TEST_P(SessionMemory, DeletesASessionOnce) {
  remember(memory(), "monday", "hello");

  const auto first = memory().delete_session("monday");
  const auto second = memory().delete_session("monday");

  ASSERT_TRUE(first && second);
  EXPECT_TRUE(*first);
  EXPECT_FALSE(*second);
  EXPECT_THAT(stored(memory(), "monday"), IsEmpty());
  EXPECT_THAT(history(memory(), "monday"), IsEmpty());
}

TEST_P(SessionMemory, BeginsADeletedSessionAnew) {
  remember(memory(), "monday", "my secret", "hush");
  ASSERT_TRUE(memory().delete_session("monday"));

  const Turn turn = open_turn(memory(), "monday", "hello");

  EXPECT_THAT(turn.history, IsEmpty());
}

TEST_P(SessionMemory, ForgetsEverythingWhenAsked) {
  remember(memory(), "monday", "hello");
  remember(memory(), "tuesday", "hello");

  const auto removed = memory().clear();

  ASSERT_TRUE(removed);
  EXPECT_EQ(*removed, 2U);
  EXPECT_THAT(session_ids(memory()), IsEmpty());
  EXPECT_THAT(stored(memory(), "monday"), IsEmpty());
}

TEST_P(SessionMemory, CountsSessionsAndEvents) {
  remember(memory(), "monday", "hello");
  remember(memory(), "tuesday", "hello");
  remember(memory(), "tuesday", "hello");

  const auto stats = memory().stats();

  ASSERT_TRUE(stats);
  EXPECT_EQ(stats->sessions, 2U);
  EXPECT_EQ(stats->events, 6U);
}

TEST_P(SessionMemory, ForgetsWhatIsOld) {
  remember(memory(), "monday", "hello");
  clock_.turn(std::chrono::hours(25));
  remember(memory(), "tuesday", "hello");

  const auto removed = memory().forget_older_than(std::chrono::hours(24));

  ASSERT_TRUE(removed);
  EXPECT_EQ(*removed, 1U);
  EXPECT_THAT(session_ids(memory()), ElementsAre("tuesday"));
}

TEST_P(SessionMemory, GivesManyAtOnceTheSameSession) {
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      const auto id = memory().get_or_create_session({.session_id = "monday"});
      ASSERT_TRUE(id);
      const auto known = memory().add_event("monday", note(EventType::user_message, "hello"));
      EXPECT_TRUE(known && *known);
    });
  }
  for (auto& client : clients) client.join();

  EXPECT_THAT(stored(memory(), "monday"), SizeIs(8));
}

INSTANTIATE_TEST_SUITE_P(Stores, SessionMemory, testing::ValuesIn(keeping_stores()), store_name);

}  // namespace
}  // namespace pais::memory
