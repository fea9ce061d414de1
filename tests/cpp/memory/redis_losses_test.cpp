// A Redis that dies again and again, and answers that are cut off at every byte: no turn is lost, and none is doubled.
#include <array>
#include <atomic>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "gmock/gmock.h"

#include "base/ids.h"
#include "own_redis.h"
#include "store_under_test.h"
#include "support/eventually.h"
#include "support/raw_server.h"

namespace pais::memory {
namespace {

using std::chrono::milliseconds;
using testing::SizeIs;

class RedisLosses : public OwnRedis {};

TEST_F(RedisLosses, AreNoneOverManyDeaths) {
  const auto memory = open();
  std::atomic<bool> done = false;
  std::vector<std::thread> clients;
  std::array<std::atomic<int>, 4> turns{};
  for (std::size_t i = 0; i < turns.size(); ++i) {
    clients.emplace_back([&, i] {
      while (!done && turns[i] < 60) remember(*memory, "session " + std::to_string(i), std::to_string(turns[i]++));
    });
  }
  for (int death = 0; death < 4; ++death) {
    const int before = turns[0];
    ASSERT_TRUE(test::eventually([&] { return turns[0] > before || turns[0] == 60; }));
    server_.kill();
    server_.start();
    ASSERT_TRUE(comes_back(*memory));
  }
  for (auto& client : clients) client.join();

  ASSERT_TRUE(comes_back(*memory));
  for (std::size_t i = 0; i < turns.size(); ++i) {
    const std::string id = "session " + std::to_string(i);
    std::vector<std::string> asked;
    for (int turn = 0; turn < 60; ++turn) asked.push_back("user_message \"" + std::to_string(turn) + "\"");
    EXPECT_EQ(stored(*memory, id, {.types = {"user_message"}}), asked);
    EXPECT_THAT(stored(*memory, id, {.types = {"agent_response"}}), SizeIs(60));
  }
}

// Carries bytes between a host and a Redis, and cuts each connection off after some of the answers' bytes: after one
// more each time.
class Shears {
 public:
  explicit Shears(std::string redis_socket) : redis_socket_(std::move(redis_socket)) {}

  std::string url() const { return "redis://127.0.0.1:" + std::to_string(server_.port()); }
  void rest() { cuts_ = false; }
  int cuts() const { return cuts_made_; }

 private:
  void carry(int client, long turn) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    redis_socket_.copy(address.sun_path, sizeof address.sun_path - 1);
    const int redis = socket(AF_UNIX, SOCK_STREAM, 0);
    const bool connected = connect(redis, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    long left = kHello + 7 * turn;
    while (connected) {
      pollfd ends[] = {{client, POLLIN, 0}, {redis, POLLIN, 0}};
      if (poll(ends, 2, -1) < 0) break;
      if (ends[0].revents != 0 && !pass(client, redis, kBuffer)) break;
      if (ends[1].revents == 0) continue;
      const long passed = pass(redis, client, cuts_ ? std::min(left, kBuffer) : kBuffer);
      left -= passed;
      if (passed == 0) break;
      if (cuts_ && left <= 0) {
        ++cuts_made_;
        break;
      }
    }
    ::close(redis);
  }

  static long pass(int from, int to, long most) {
    char bytes[kBuffer];
    const auto size = read(from, bytes, static_cast<std::size_t>(most));
    if (size <= 0 || send(to, bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL) != size) return 0;
    return size;
  }

  static constexpr long kBuffer = 4096;
  static constexpr long kHello = 8 * 47 + 10;  // the hashes of our scripts, and a little of what follows

  const std::string redis_socket_;
  std::atomic<bool> cuts_ = true;
  std::atomic<int> cuts_made_ = 0;
  test::RawServer server_{[this](test::RawPeer& peer) { carry(peer.fd(), peer.number); }};
};

TEST_F(RedisLosses, AreNoneWhenAnswersAreCutOff) {
  Shears shears(server_.socket());
  RedisOptions far = options();
  far.url = shears.url();
  far.lease = milliseconds(100);
  const auto memory = open(far);
  int turns = 0;
  for (; shears.cuts() < 40; ++turns) {
    const TurnOpening asked = opening("monday", std::to_string(turns), new_run_id());
    Turn turn = open_turn(*memory, asked);
    while (turn.busy_for) turn = open_turn(*memory, asked);  // an opening that was cut off has left its lease behind
    answer(*memory, std::move(turn), "ok");
    ASSERT_TRUE(comes_back(*memory));
  }
  shears.rest();

  ASSERT_TRUE(comes_back(*memory));
  std::vector<std::string> asked;
  for (int turn = 0; turn < turns; ++turn) asked.push_back("user_message \"" + std::to_string(turn) + "\"");
  EXPECT_EQ(stored(*memory, "monday", {.types = {"user_message"}}), asked);
  EXPECT_THAT(stored(*memory, "monday", {.types = {"agent_response"}}), SizeIs(turns));
}

}  // namespace
}  // namespace pais::memory
