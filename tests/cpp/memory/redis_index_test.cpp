// The index of an agent's own sessions, and the limit that is kept with it, in a Redis that a fleet shares.
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"

#include "redis_memory_fixture.h"
#include "store_under_test.h"
#include "turning_clock.h"

namespace pais::memory {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

// An agent's index is ours alone, and all that keeps its limit from being a look at the sessions of a whole fleet.
class RedisIndex : public RedisMemoryFixture {
 protected:
  RedisOptions small() const {
    RedisOptions small = options();
    small.max_sessions = 3;
    return small;
  }

  // A session that a host wrote which knew nothing of the index.
  void put_session_of(const std::string& agent, const std::string& id, const std::string& score) {
    put_session(id, {}, score);
    tell({"HSET", key("session:" + id), "agent", agent});
  }

  std::vector<std::string> index_of(const std::string& agent) const {
    std::vector<std::string> ids;
    for (const auto& item : tell({"ZRANGE", key("agent:" + agent), "0", "-1"}).items) ids.push_back(item.text);
    return ids;
  }

  // How many sessions have been looked at, by everybody who asks this Redis.
  std::int64_t looks() const {
    const std::string stats = tell({"INFO", "commandstats"}).text;
    constexpr std::string_view kCalls = "cmdstat_hmget:calls=";
    const auto at = stats.find(kCalls);
    return at == stats.npos ? 0 : std::stoll(stats.substr(at + kCalls.size()));
  }

  static std::string now() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::to_string(std::chrono::duration<double>(now).count());
  }
};

TEST_F(RedisIndex, HasTheSessionsOfTheAgentAndOfNobody) {
  RedisOptions other = options();
  other.agent = "grace";
  const auto ada = open();
  const auto grace = open(other);
  put_session("old", {event("00000001", "user_message", R"("one")")});
  remember(*ada, "of ada", "hello");
  remember(*grace, "of grace", "hello");
  remember(*ada, "of grace", "hello from ada");
  remember(*ada, "old", "hello");

  EXPECT_THAT(index_of("ada"), ElementsAre("of ada", "old"));

  EXPECT_TRUE(ada->delete_session("old"));
  EXPECT_THAT(index_of("ada"), ElementsAre("of ada"));
}

TEST_F(RedisIndex, IsMadeOfWhatWasThereBeforeIt) {
  for (int i = 0; i < 600; ++i) {
    put_session_of(i % 2 == 0 ? "ada" : "grace", "session " + std::to_string(i), std::to_string(1000 + i));
  }
  const auto memory = open(small());

  for (int i = 0; i < 20 && session_ids(*memory).size() > 3; ++i) remember(*memory, "new", "hello");
  remember(*memory, "newer", "hello");

  EXPECT_THAT(session_ids(*memory), ElementsAre("session 598", "new", "newer"));
  EXPECT_THAT(index_of("ada"), ElementsAre("session 598", "new", "newer"));
}

TEST_F(RedisIndex, IsMadeAnewWhenItIsLost) {
  const auto memory = open(small());
  for (const char* day : {"monday", "tuesday", "wednesday"}) remember(*memory, day, "hello");
  tell({"DEL", key("agent:ada")});

  remember(*memory, "thursday", "hello");

  EXPECT_THAT(session_ids(*memory), ElementsAre("tuesday", "wednesday", "thursday"));
}

TEST_F(RedisIndex, LearnsOfWhatThePythonServerWritesMeanwhile) {
  const auto memory = open(small());
  remember(*memory, "monday", "hello");
  remember(*memory, "tuesday", "hello");
  put_session("of Python", {}, now());
  tell({"ZADD", key("sessions"), now(), "monday"});  // it goes on with ours, too

  remember(*memory, "wednesday", "hello");

  EXPECT_THAT(session_ids(*memory), ElementsAre("of Python", "monday", "wednesday"));
}

TEST_F(RedisIndex, ForgetsWhatHasExpiredOrIsAnothersNow) {
  const auto memory = open(small());
  for (const char* day : {"monday", "tuesday", "wednesday"}) remember(*memory, day, "hello");
  tell({"DEL", key("session:monday"), key("events:monday")});
  tell({"HSET", key("session:tuesday"), "agent", "grace"});

  remember(*memory, "thursday", "hello");
  remember(*memory, "friday", "hello");

  EXPECT_THAT(session_ids(*memory), ElementsAre("wednesday", "thursday", "friday"));
  EXPECT_THAT(index_of("ada"), ElementsAre("wednesday", "thursday", "friday"));
  EXPECT_EQ(tell({"EXISTS", key("session:tuesday")}).number, 1);
}

TEST_F(RedisIndex, SparesALookAtWhatThisHostHasJustWritten) {
  TurningClock clock;
  RedisOptions hundred = options();
  hundred.max_sessions = 100;
  hundred.clock = &clock;
  const auto memory = open(hundred);
  const auto make = [&](int from, int to) {
    for (int i = from; i < to; ++i) {
      clock.turn(std::chrono::milliseconds(1));
      ASSERT_TRUE(memory->create_session({.session_id = "session " + std::to_string(i)}));
    }
  };
  make(0, 110);
  const std::int64_t before = looks();

  make(110, 150);

  EXPECT_LT(looks() - before, 100) << "forty to be forgotten, and hardly another";
  EXPECT_THAT(session_ids(*memory), SizeIs(testing::Le(100)));
}

TEST_F(RedisIndex, SparesALookAtTheSessionsOfOthers) {
  for (int i = 0; i < 5000; ++i) put_session_of("grace", "session " + std::to_string(i), std::to_string(1000 + i));
  const auto memory = open(small());
  const std::int64_t before = looks();
  remember(*memory, "first", "hello");
  const std::int64_t at_first = looks() - before;
  for (int i = 0; i < 10; ++i) remember(*memory, "more " + std::to_string(i), "hello");
  const std::int64_t caught_up = looks();

  remember(*memory, "last", "hello");

  EXPECT_LT(at_first, 5000) << "what is to be made up for is done in portions";
  EXPECT_LT(looks() - caught_up, 50);
  EXPECT_THAT(session_ids(*memory), SizeIs(3));
}

}  // namespace
}  // namespace pais::memory
