// The stores that the shared suite is run on.
#include "base/ids.h"
#include "redis_server.h"
#include "scratch_folder.h"
#include "store_under_test.h"

namespace pais::memory {
namespace {

StoreUnderTest null_store() {
  return {.name = "Null",
          .open = [](const StoreLimits&, const Clock&) { return OpenStore{.memory = null_memory()}; },
          .keeps = false};
}

StoreUnderTest local_store() {
  return {.name = "Local", .open = [](const StoreLimits& limits, const Clock& clock) {
            return OpenStore{.memory = local_memory({.max_sessions = limits.max_sessions,
                                                     .max_session_events = limits.max_session_events,
                                                     .clock = &clock})};
          }};
}

StoreUnderTest sqlite_store() {
  return {
      .name = "Sqlite", .open = [](const StoreLimits& limits, const Clock& clock) {
        const auto folder = std::make_shared<ScratchFolder>();
        auto memory = sqlite_memory(
            folder->path() / "sessions.db",
            {.max_sessions = limits.max_sessions, .max_session_events = limits.max_session_events, .clock = &clock});
        if (!memory) return OpenStore{};
        return OpenStore{.ground = folder, .memory = std::move(*memory)};
      }};
}

// Each store has keys of its own in the one server.
StoreUnderTest redis_store() {
  return {.name = "Redis", .open = [](const StoreLimits& limits, const Clock& clock) {
            auto memory = redis_memory({.url = RedisServer::shared().url(),
                                        .prefix = "test:" + random_hex(12),
                                        .agent = "ada",
                                        .max_sessions = limits.max_sessions,
                                        .max_session_events = limits.max_session_events,
                                        .strict = true,
                                        .time = std::chrono::seconds(20),
                                        .clock = &clock});
            if (!memory) return OpenStore{};
            return OpenStore{.memory = std::move(*memory)};
          }};
}

}  // namespace

std::vector<StoreUnderTest> all_stores() {
  auto stores = keeping_stores();
  stores.push_back(null_store());
  return stores;
}

std::vector<StoreUnderTest> keeping_stores() {
  return {local_store(), sqlite_store(), redis_store()};
}

}  // namespace pais::memory
