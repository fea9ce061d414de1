// The one who watches over a Redis: knows whether it is there, keeps turns that end while it is away, renews leases.
//
// A call that fails marks the Redis as away. From then on every call fails at once, so that a dead Redis costs a turn
// at most the time of one call, and only the first turns. A thread of the keeper's own asks whether it is back, less
// and less often, writes the turns that were kept, in order, and only then lets calls through again.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "memory/redis_pool.h"

namespace pais::memory {

class RedisKeeper {
 public:
  struct Options {
    RedisPool::Options pool = {};
    std::string shown = {};      // the address for the log, without secrets
    std::string probe_key = {};  // written to see whether the Redis takes writes
    std::chrono::milliseconds lease{5000};
    std::size_t kept_events = 1000;
  };

  explicit RedisKeeper(Options options);
  ~RedisKeeper();

  bool is_here() const { return !away_; }

  // memory_unavailable while the Redis is away, or when it fails now. Errors that are about the keys of one call, not
  // about the Redis, are replies.
  Result<std::vector<RedisReply>> call(std::span<const RedisCall> calls);
  Result<RedisReply> call(RedisCall call);

  // The end of a turn: a call of the script close_turn, and whose events it holds.
  struct TurnEnd {
    RedisCall call;
    std::string session_id;
    std::size_t events = 0;
  };

  // Writes it now, or when the Redis is back. An error only when it is lost; where the session was deleted while the
  // turn ran, that is no error, and a warning in the log.
  Result<void> write(TurnEnd end);

  // Makes a call in a tenth of a second, unless it has been called off by then or the Redis is away. What it answers is
  // not looked at. Returns a name for it.
  std::uint64_t call_later(RedisCall call);
  // The call, if it has not been made, and never will be now.
  std::optional<RedisCall> call_off(std::uint64_t name);

  // Renews a lease until it is let go.
  void hold(const std::string& lease_key, const std::string& token);
  void let_go(const std::string& lease_key);

  // Makes the calls that were for later, writes what is kept if the Redis is there, and ends. From any thread, as often
  // as anybody likes.
  void close();

 private:
  struct Later {
    RedisCall call;
    std::chrono::steady_clock::time_point due;
  };

  void run();
  void make_later_calls(std::chrono::steady_clock::time_point due);
  void renew_leases();
  bool come_back();
  bool write_kept();
  Result<std::vector<RedisReply>> call_in_any_case(std::span<const RedisCall> calls);
  Result<void> keep(TurnEnd turn);
  void forget_oldest();  // with guard_ held
  std::string loss() const;
  void go_away(const std::string& reason);
  std::string why_away();

  const Options options_;
  RedisPool pool_;
  std::atomic<bool> away_ = false;  // changes with guard_ held

  std::mutex guard_;
  std::condition_variable changed_;
  // --- guarded ---
  std::string why_away_;
  std::deque<TurnEnd> kept_;
  std::size_t kept_events_ = 0;
  std::uint64_t kept_from_ = 0;                // how many turns have left the front of `kept_`
  std::size_t lost_turns_ = 0;                 // since it went away
  std::size_t lost_events_ = 0;                // of them
  std::map<std::string, std::string> leases_;  // key to token
  std::chrono::milliseconds pause_{0};         // between questions whether it is back
  std::chrono::steady_clock::time_point ask_at_ = {};
  std::map<std::uint64_t, Later> later_;  // in the order in which they are due
  std::uint64_t laters_ = 0;
  bool watches_later_ = false;  // the thread will look at `later_` in time, and need not be told of another
  bool closing_ = false;
  // ---------------
  std::once_flag ended_;
  std::thread thread_;
};

}  // namespace pais::memory
