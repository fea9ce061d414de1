// Connections to one Redis, opened as they are needed and used again.
//
// From any thread: each call borrows a connection for itself. All of a call, waiting for a connection and opening one
// included, has one deadline.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "memory/redis_connection.h"

namespace pais::memory {

class RedisPool {
 public:
  struct Options {
    RedisAddress address = {};
    std::string ca_file = {};
    std::chrono::milliseconds time{2000};  // of one call
    std::size_t connections = 32;
  };

  explicit RedisPool(Options options) : options_(std::move(options)) {}

  // Failures: what RedisConnection says, and `timed_out` when no connection became free. A script that the Redis has
  // lost in the meantime is brought again. Calls that went to a connection which the Redis was just closing are made
  // once more on a new one, so each must do no harm when it is executed twice.
  Result<std::vector<RedisReply>> call(std::span<const RedisCall> calls);

  // Closes what is idle: after a failure the others are not to be trusted, either.
  void drop_idle();

  // Ends the calls under way; later ones fail at once.
  void close();

 private:
  struct Idle {
    RedisConnection connection;
    std::chrono::steady_clock::time_point since;
  };

  Result<void> wait_for_place(http::Deadline deadline);
  Result<RedisConnection> open(http::Deadline deadline) const;
  Result<std::vector<RedisReply>> call_on(RedisConnection& connection, std::span<const RedisCall> calls,
                                          http::Deadline deadline) const;
  std::optional<RedisConnection> take_idle();
  void give_back(RedisConnection connection);
  void give_up();

  const Options options_;
  std::stop_source stop_;
  std::mutex guard_;
  std::condition_variable freed_;
  std::vector<Idle> idle_;    // guarded
  std::size_t borrowed_ = 0;  // guarded
};

}  // namespace pais::memory
