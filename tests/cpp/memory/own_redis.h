// A Redis for one test alone, which it may kill, stop and fill.
#pragma once

#include <chrono>
#include <memory>

#include "gmock/gmock.h"

#include "memory/memory.h"
#include "redis_server.h"
#include "support/eventually.h"

namespace pais::memory {

class OwnRedis : public testing::Test {
 protected:
  RedisOptions options() const {
    return {.url = server_.url(), .agent = "ada", .time = std::chrono::milliseconds(2000)};
  }

  static std::unique_ptr<Memory> open(const RedisOptions& options) {
    auto memory = redis_memory(options);
    EXPECT_TRUE(memory) << memory.error().describe();
    return memory ? std::move(*memory) : nullptr;
  }
  std::unique_ptr<Memory> open() const { return open(options()); }

  static bool comes_back(Memory& memory) {
    return test::eventually([&] { return memory.reachable(); });
  }

  RedisServer server_{{"--appendonly", "yes", "--appendfsync", "no"}};
};

}  // namespace pais::memory
