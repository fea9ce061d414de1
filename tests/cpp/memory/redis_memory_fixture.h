// A prefix of its own in the Redis that tests share, and what is to be seen and put there by other means than a Memory.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "base/ids.h"
#include "memory/memory.h"
#include "redis_server.h"

namespace pais::memory {

class RedisMemoryFixture : public testing::Test {
 protected:
  RedisOptions options() const {
    return {.url = server_.url(),
            .prefix = prefix_,
            .agent = "ada",
            .strict = true,
            .time = std::chrono::seconds(20),
            .lease = std::chrono::seconds(60)};
  }

  static std::unique_ptr<Memory> open(const RedisOptions& options) {
    auto memory = redis_memory(options);
    EXPECT_TRUE(memory) << memory.error().describe();
    return memory ? std::move(*memory) : nullptr;
  }
  std::unique_ptr<Memory> open() const { return open(options()); }

  RedisReply tell(RedisCommand command) const { return server_.tell(command); }
  std::string key(const std::string& name) const { return prefix_ + ":" + name; }

  std::vector<std::string> list(const std::string& name) const {
    std::vector<std::string> texts;
    for (const auto& item : tell({"LRANGE", key(name), "0", "-1"}).items) texts.push_back(item.text);
    return texts;
  }

  // A session as the Python server writes it.
  void put_session(const std::string& id, const std::vector<std::string>& events, const std::string& score = "1000") {
    tell({"HSET", key("session:" + id), "session_id", id, "user_id", "user", "app_name", "agent", "created_at",
          "2026-11-20T20:27:27.987679+00:00", "updated_at", "2026-11-20T20:27:28.000001+00:00"});
    tell({"EXPIRE", key("session:" + id), "86400"});
    for (const auto& event : events) tell({"RPUSH", key("events:" + id), event});
    tell({"ZADD", key("sessions"), score, id});
  }

  static std::string event(const std::string& id, const std::string& type, const std::string& content) {
    return R"({"event_id": "event_)" + id + R"(", "timestamp": "2026-11-20T20:27:27.987679+00:00", "event_type": ")" +
           type + R"(", "content": )" + content + R"(, "metadata": {}})";
  }

  RedisServer& server_ = RedisServer::shared();
  const std::string prefix_ = "test:" + random_hex(12);
};

}  // namespace pais::memory
