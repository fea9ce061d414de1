// Three hosts serve one session over one Redis, and one of them dies in the middle.
#include <atomic>
#include <future>
#include <memory>
#include <signal.h>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "gmock/gmock.h"

#include "base/ids.h"
#include "memory/turn_queue.h"
#include "redis_server.h"
#include "store_under_test.h"

namespace pais::memory {
namespace {

using testing::SizeIs;

RedisOptions shared_options(const std::string& prefix) {
  return {.url = RedisServer::shared().url(),
          .prefix = prefix,
          .agent = "ada",
          .strict = true,
          .time = std::chrono::seconds(20),
          .lease = std::chrono::milliseconds(1500)};
}

// One host as the server is one: turns wait here for their place, then for the other hosts.
class Host {
 public:
  explicit Host(const std::string& prefix) : memory_(std::move(*redis_memory(shared_options(prefix)))) {}

  // Asks with a number that says how much has been said before, which is how a turn that came between would show.
  std::future<std::size_t> chat(const std::string& session_id) {
    auto done = std::make_shared<std::promise<std::size_t>>();
    queue_.acquire(session_id, [=, this](TurnQueue::Lease lease) { run(session_id, std::move(lease), done); });
    return done->get_future();
  }

 private:
  void run(const std::string& session_id, TurnQueue::Lease lease,
           const std::shared_ptr<std::promise<std::size_t>>& done) {
    TurnOpening asked = opening(session_id, "more", new_run_id());
    asked.context_limit = 0;
    Turn turn = open_turn(*memory_, asked);
    if (turn.busy_for) {
      queue_.later(std::move(lease), *turn.busy_for,
                   [=, this](TurnQueue::Lease again) { run(session_id, std::move(again), done); });
      return;
    }
    const std::size_t before = turn.history.size();
    answer(*memory_, std::move(turn), std::to_string(before));
    done->set_value(before);
  }

  std::unique_ptr<Memory> memory_;
  TurnQueue queue_;
};

TEST(RedisHosts, TakeTurnsInASessionAndSurviveOneOfThem) {
  const std::string prefix = "test:" + random_hex(12);
  RedisServer& server = RedisServer::shared();
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t doomed = fork();
  ASSERT_GE(doomed, 0);
  if (doomed == 0) {
    auto memory = redis_memory(shared_options(prefix));
    const Turn turn = open_turn(**memory, "monday", "my last words");
    const char opened = turn.busy_for ? 'n' : 'y';
    if (write(ready[1], &opened, 1) != 1) _exit(1);
    pause();
    _exit(0);
  }
  char opened = 'n';
  ASSERT_EQ(read(ready[0], &opened, 1), 1);
  ASSERT_EQ(opened, 'y');
  Host first(prefix);
  Host second(prefix);
  std::vector<std::future<std::size_t>> turns;
  for (int i = 0; i < 200; ++i) turns.push_back((i % 2 == 0 ? first : second).chat("monday"));

  ASSERT_EQ(kill(doomed, SIGKILL), 0);
  ASSERT_EQ(waitpid(doomed, nullptr, 0), doomed);

  // Every turn was told of all turns before it: none came between.
  std::vector<bool> seen(200);
  for (auto& turn : turns) {
    ASSERT_EQ(turn.wait_for(std::chrono::seconds(60)), std::future_status::ready);
    const std::size_t before = turn.get();
    ASSERT_EQ(before % 2, 0U) << "without the dead host's question, messages come in pairs";
    const std::size_t number = before / 2;
    ASSERT_LT(number, seen.size());
    EXPECT_FALSE(seen[number]) << number;
    seen[number] = true;
  }
  EXPECT_EQ(server.tell({"LLEN", prefix + ":events:monday"}).number, 401);
  close(ready[0]);
  close(ready[1]);
}

}  // namespace
}  // namespace pais::memory
