// A real redis-server of a test's own, on a Unix socket in a folder of its own (and on a port only where one is asked
// for), that can be paused, killed and started again.
#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

#include "memory/redis_connection.h"
#include "memory/redis_reply.h"
#include "scratch_folder.h"

namespace pais::memory {

class RedisServer {
 public:
  // More of redis-server's command line: {"--appendonly", "yes"}.
  explicit RedisServer(std::vector<std::string> options = {});
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  // The one that tests share which do it no harm.
  static RedisServer& shared();

  std::string url() const { return "unix://" + socket(); }
  std::string socket() const { return folder_.path() / "redis.sock"; }
  const std::filesystem::path& folder() const { return folder_.path(); }

  void start();   // returns when it answers
  void launch();  // returns at once
  void kill();    // as kill -9
  void pause();
  void resume();

  // A command of the test itself; fails the test when there is no answer.
  RedisReply tell(const RedisCommand& command) const;

 private:
  RedisAddress address() const;

  std::vector<std::string> options_;
  ScratchFolder folder_;
  pid_t process_ = -1;
};

}  // namespace pais::memory
