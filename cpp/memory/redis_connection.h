// One connection to a Redis: hiredis speaks the protocol, our own stream carries it (TCP, TLS or a Unix socket).
//
// For one thread at a time. After a failure it is of no further use. An error that the Redis answers is a reply, not a
// failure.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "http/connection.h"
#include "memory/redis_reply.h"
#include "memory/redis_scripts.h"
#include "memory/redis_url.h"

namespace pais::memory {

// A script's keys and arguments, or a plain command.
struct RedisCall {
  RedisCommand command = {};
  std::optional<RedisScript> script = {};
  std::size_t keys = 0;  // of a script: how many words of `command` are keys
};

class RedisConnection {
 public:
  // Logs in, chooses the database and leaves the scripts with the Redis.
  static Result<RedisConnection> open(const RedisAddress& address, const std::string& ca_file, http::Deadline deadline,
                                      const std::stop_token& stop);

  // Sends all calls at once; one reply for each.
  Result<std::vector<RedisReply>> call(std::span<const RedisCall> calls, http::Deadline deadline,
                                       const std::stop_token& stop);

  // Leaves the scripts with the Redis again, which may have been told to forget them.
  Result<void> bring_scripts(http::Deadline deadline, const std::stop_token& stop);

  // Whether it has been idle and well since the last reply.
  bool is_fresh() { return stream_.is_quiet(); }

 private:
  explicit RedisConnection(http::Connection stream) : stream_(std::move(stream)) {}

  Result<void> log_in(const RedisAddress& address, http::Deadline deadline, const std::stop_token& stop);
  Result<std::vector<RedisReply>> exchange(const std::string& bytes, std::size_t replies, http::Deadline deadline,
                                           const std::stop_token& stop);

  http::Connection stream_;
  RedisReplyReader reader_;
  std::array<std::string, kRedisScripts> hashes_;  // of the scripts, as the Redis knows them
};

}  // namespace pais::memory
