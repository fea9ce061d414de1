#include "base/ids.h"

#include <gtest/gtest.h>
#include <set>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace pais {
namespace {

TEST(Ids, HaveExactlyTheDigitsAskedFor) {
  for (const std::size_t digits : {0U, 1U, 2U, 7U, 12U, 32U, 513U, 2000U}) {
    const std::string id = random_hex(digits);

    EXPECT_EQ(id.size(), digits);
    EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos) << id;
  }
}

TEST(Ids, SayWhatTheyAreOf) {
  EXPECT_EQ(new_run_id().substr(0, 4), "run_");
  EXPECT_EQ(new_run_id().size(), 4U + 12U);
  EXPECT_EQ(new_session_id().substr(0, 8), "session_");
  EXPECT_EQ(new_session_id().size(), 8U + 12U);
  EXPECT_EQ(new_event_id().substr(0, 6), "event_");
  EXPECT_EQ(new_event_id().size(), 6U + 16U);
}

TEST(Ids, UseEveryDigitInEveryPlace) {
  std::vector<std::set<char>> seen(16);
  for (int i = 0; i < 2000; ++i) {
    const std::string id = random_hex(16);
    for (std::size_t place = 0; place < seen.size(); ++place) seen[place].insert(id[place]);
  }

  for (const auto& digits : seen) EXPECT_EQ(digits.size(), 16U);
}

TEST(Ids, NeverRepeatAmongThreads) {
  constexpr std::size_t kThreads = 8;
  constexpr std::size_t kEach = 2000;
  std::vector<std::vector<std::string>> taken(kThreads);
  {
    std::vector<std::jthread> threads;
    for (auto& mine : taken) {
      threads.emplace_back([&mine] {
        for (std::size_t i = 0; i < kEach; ++i) mine.push_back(random_hex(24));
      });
    }
  }

  std::set<std::string> all;
  for (const auto& mine : taken) all.insert(mine.begin(), mine.end());
  EXPECT_EQ(all.size(), kThreads * kEach);
}

TEST(Ids, OfAForkedChildAreItsOwn) {
  random_hex(2);  // bytes are in stock, and would be copied to the child
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    const std::string id = random_hex(32);
    const bool told = write(ends[1], id.data(), id.size()) == static_cast<ssize_t>(id.size());
    _exit(told ? 0 : 1);
  }
  ASSERT_GT(child, 0);

  const std::string ours = random_hex(32);

  std::string theirs(32, '\0');
  ASSERT_EQ(read(ends[0], theirs.data(), theirs.size()), 32);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_NE(ours, theirs);
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace pais
