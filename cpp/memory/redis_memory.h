// Conversations in a Redis, shared with other hosts and with the Python server.
//
// A turn costs two round trips, one script each (redis_scripts.h), and one in a session that was made for it: of that
// there is nothing to know, so its prompt is written together with its end, or a moment later when that takes longer
// (but not when `strict`, where no turn begins that the Redis has not seen). While the Redis is away turns go on
// without history and their events are kept until it is back, unless `strict` says otherwise; everything else answers
// memory_unavailable. Threads and failures of the link are the keeper's business.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "memory/at_home.h"
#include "memory/memory.h"
#include "memory/redis_keeper.h"

namespace pais::memory {

class RedisMemory : public Memory {
 public:
  RedisMemory(RedisOptions options, RedisAddress address);
  ~RedisMemory() override;

  // Whether the Redis answers now.
  Result<void> check();

  Result<Turn> open_turn(const TurnOpening& opening) override;
  Result<void> close_turn(Turn turn, std::vector<MemoryEvent> events) override;
  bool reachable() const override { return keeper_->is_here(); }
  Result<std::vector<events::Utterance>> history(std::string_view session_id, std::size_t context_limit) override;

  Result<std::string> create_session(const SessionNaming& naming) override;
  Result<std::string> get_or_create_session(const SessionNaming& naming) override;
  Result<std::optional<SessionInfo>> session(std::string_view session_id) override;
  Result<bool> add_events(std::string_view session_id, std::vector<MemoryEvent> events) override;
  Result<std::vector<MemoryEvent>> events(std::string_view session_id, const EventQuery& query) override;
  Result<std::vector<MemoryEvent>> all_events(const EventQuery& query) override;
  Result<SessionPage> sessions(const SessionQuery& query) override;
  Result<bool> delete_session(std::string_view session_id) override;
  Result<std::size_t> clear() override;
  Result<MemoryStats> stats() override;
  Result<std::size_t> forget_older_than(std::chrono::seconds age) override;
  void close() override;

 private:
  class Hold;

  // A session as the index and its hash tell.
  struct Listed {
    std::string session_id = {};
    std::string user_id = {};
    std::string score = {};
    std::size_t with_score = 0;  // how many came before it with the same score
  };
  using Visit = std::function<Result<bool>(const Listed&)>;  // false: enough
  enum class Order { silent_longest_first, active_last_first };

  static std::string unix_seconds(std::chrono::system_clock::time_point time);
  std::string key(std::string_view kind, std::string_view session_id) const;
  RedisCall plain(RedisCommand command) const { return {.command = std::move(command)}; }
  // A script about one session, with the keys and arguments that all of them begin with.
  RedisCall script(RedisScript script, std::string_view session_id, std::size_t keys) const;
  void set_time(RedisCall& call) const;
  RedisCall removal(std::string_view session_id, bool only_if_idle) const;

  // Closes a turn, or only stores its prompt.
  RedisCall closing(std::string_view session_id, const Hold& hold) const;
  Result<RedisReply> ask(RedisCall call);
  Turn fresh_turn(const TurnOpening& opening, std::string prompt);
  Turn without_memory(const TurnOpening& opening, std::string prompt, std::chrono::system_clock::time_point began);
  Result<void> made_one();
  void note_new_session();

  Result<std::string> put_session(SessionNaming naming, bool replace);
  // The living sessions of this agent and of none, in their order from a place in the index on. Drops dead ones.
  struct Place;
  Result<void> each_session(Order order, Place from, const Visit& visit);
  Result<bool> visit_page(const std::vector<Listed>& page, const Visit& visit);
  Result<std::vector<std::string>> session_ids();
  Result<std::vector<RedisReply>> ask_each(const std::vector<std::string>& session_ids,
                                           const std::function<RedisCall(const std::string&)>& question);

  const RedisOptions options_;
  const AtHome<RedisKeeper> keeper_;
  std::atomic<std::int64_t> until_look_ = 1;  // so many new sessions until the limit is looked at again
  std::atomic<bool> is_looking_ = false;      // one thread is at it, which is enough
};

}  // namespace pais::memory
