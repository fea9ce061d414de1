#include <thread>

#include "gmock/gmock.h"

#include "store_under_test.h"

namespace pais::memory {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;
using testing::SizeIs;

TEST(LocalMemory, ForgetsTheConversationThatWasSilentLongestWhenItTakesTooMuch) {
  const auto memory = local_memory({.max_bytes = 100'000});
  remember(*memory, "monday", std::string(30'000, 'm'));
  remember(*memory, "tuesday", std::string(30'000, 't'));
  remember(*memory, "monday", "still here");

  remember(*memory, "wednesday", std::string(40'000, 'w'));

  EXPECT_THAT(session_ids(*memory), ElementsAre("monday", "wednesday"));
}

TEST(LocalMemory, ForgetsTheBeginningOfAConversationThatTakesTooMuchAlone) {
  const auto memory = local_memory({.max_bytes = 100'000});

  for (int i = 0; i < 10; ++i) remember(*memory, "monday", std::string(30'000, static_cast<char>('a' + i)));

  const auto left = history(*memory, "monday", 0);
  EXPECT_THAT(left, SizeIs(testing::AllOf(testing::Ge(2U), testing::Le(6U))));
  EXPECT_THAT(left, Contains("user: " + std::string(30'000, 'j')));
}

TEST(LocalMemory, KeepsToItsBytesWhenAllConversationsHaveATurnRunning) {
  const auto memory = local_memory({.max_bytes = 200'000});
  std::vector<Turn> running;
  for (int i = 0; i < 5; ++i)
    running.push_back(open_turn(*memory, "session " + std::to_string(i), std::string(30'000, 'x')));

  for (Turn& turn : running) answer(*memory, std::move(turn), std::string(30'000, 'y'));

  const auto stats = memory->stats();
  ASSERT_TRUE(stats);
  EXPECT_EQ(stats->sessions + 0, session_ids(*memory).size());
  EXPECT_LE(stats->events * 30'000, 200'000U);
  EXPECT_GE(stats->events, 3U);
}

TEST(LocalMemory, TakesMoreSessionsThanItsLimitWhileAllAreBusyAndForgetsThemAfterwards) {
  const auto memory = local_memory({.max_sessions = 2});
  std::vector<Turn> running;
  for (int i = 0; i < 4; ++i) running.push_back(open_turn(*memory, "session " + std::to_string(i), "hello"));
  EXPECT_THAT(session_ids(*memory), SizeIs(4));
  for (Turn& turn : running) answer(*memory, std::move(turn), "hi");

  remember(*memory, "one more", "hello");

  EXPECT_THAT(session_ids(*memory), ElementsAre("session 3", "one more"));
}

TEST(LocalMemory, SurvivesEverybodyAtOnce) {
  const auto memory = local_memory({.max_sessions = 8, .max_session_events = 16, .max_bytes = 64'000});
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&, i] {
      for (int turn = 0; turn < 300; ++turn) {
        const std::string session = "session " + std::to_string((turn * 7 + i) % 20);
        remember(*memory, session, std::string(static_cast<std::size_t>(turn) * 10, 'x'));
        if (turn % 10 == 0) {
          ASSERT_TRUE(memory->delete_session(session));
        }
        if (turn % 25 == 0) {
          ASSERT_TRUE(memory->create_session({.session_id = session}));
        }
        if (turn % 50 == 0) {
          ASSERT_TRUE(memory->all_events({.limit = 10}));
        }
        if (turn % 100 == 0) {
          ASSERT_TRUE(memory->clear());
        }
      }
    });
  }
  for (auto& client : clients) client.join();
  ASSERT_TRUE(memory->clear());

  // The books balance: an empty store takes a big conversation again.
  remember(*memory, "monday", std::string(40'000, 'x'));
  EXPECT_THAT(history(*memory, "monday"), SizeIs(2));
  EXPECT_THAT(session_ids(*memory), ElementsAre("monday"));
}

}  // namespace
}  // namespace pais::memory
