// What a Redis does for us in one step: Lua that reads and changes a session while nobody comes between.
//
// The keys and values are those of the Python server, so that hosts of both kinds can share a Redis:
//
//   P:session:<id>   hash        session_id user_id app_name created_at updated_at, and ours: agent deleted_at
//   P:events:<id>    list        one event's JSON each, oldest first
//   P:sessions       sorted set  ids by the Unix time of their last activity
//   P:agent:<name>   sorted set  ours: of P:sessions the agent's own and those of nobody, for its limit
//   P:seen:<name>    string      ours: up to which score of P:sessions that has been brought up to date
//   P:lease:<id>     string      ours: the token of the turn that runs, which expires; or "deleted:<Unix seconds>"
//
// What is ours can be lost: an agent's index is made again from P:sessions, some at a time, and who does not know it
// (the Python server, hosts of an earlier version) is seen there.
//
// A turn's token is in the lease from its opening to its close. Whoever finds it there knows that the turn was opened
// and has not been closed: that is what makes a close that is repeated, or executed late, change nothing. Whoever opens
// a turn over the mark of a deletion takes the lease and leaves the mark's time in `deleted_at`: that is how a session
// that was begun anew is told from one that the Redis has lost.
#pragma once

#include <cstddef>
#include <string>

namespace pais::memory {

enum class RedisScript {
  open_turn,   // KEYS session events index own lease; ARGV see redis_scripts.cpp, each script's head
  close_turn,  // KEYS session events index own lease
  history,     // KEYS events
  create,      // KEYS session events index own
  add,         // KEYS session events index own
  remove,      // KEYS session events index own lease
  make_room,   // KEYS index own seen
  renew,       // KEYS lease…
};

inline constexpr std::size_t kRedisScripts = 8;

std::string script_text(RedisScript script);

}  // namespace pais::memory
