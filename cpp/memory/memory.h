// Memory remembers what was said in a conversation, so that the next turn can be told about it.
//
// One Memory serves all conversations, from any thread; what is added to one conversation stays in the order it
// arrived. Nothing here throws. A call may wait for its store, but never longer than that store's own deadlines. A
// store that cannot be reached answers Code::memory_unavailable.
//
// A turn costs two calls, `open_turn` and `close_turn`; everything below them is for tools, dashboards and Python.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "events/values.h"
#include "memory/event.h"

namespace pais::memory {

struct TurnOpening {
  std::string session_id = {};
  TurnMark mark = {};  // run_id is required
  std::string prompt = {};
  bool delegated = false;         // asked by another agent
  bool wants_history = true;      // false: the client brought its own
  std::size_t context_limit = 6;  // the newest so many messages; 0: all
  bool serial = true;             // false: does not wait for a turn of this session on another host
  bool fresh = false;             // the session was made for this turn: nobody else knows it, and it has no history
};

// Lives as long as the turn runs. While it does the session is not evicted, and no other host starts a turn of it.
// Dropping it without `close_turn` ends the turn without another event. Must not outlive the Memory.
class TurnHold {
 public:
  virtual ~TurnHold() = default;
};

struct Turn {
  std::string session_id = {};
  TurnMark mark = {};
  std::vector<events::Utterance> history = {};
  bool remembered = true;  // false: the store is away, the turn may not be kept (X-PAIS-Memory: unavailable)
  std::optional<std::chrono::milliseconds> busy_for = {};  // not opened: another host is at it, ask again after this
  std::unique_ptr<TurnHold> hold = {};
};

struct SessionNaming {
  std::string session_id = {};  // "": a new one is made
  std::string app_name = "agent";
  std::string user_id = "user";
};

struct SessionInfo {
  std::string session_id = {};
  std::string user_id = {};
  std::string app_name = {};
  std::chrono::system_clock::time_point created_at = {};
  std::chrono::system_clock::time_point updated_at = {};
  std::size_t events = 0;
};

struct EventQuery {
  std::vector<std::string> types = {};  // wire names; none: all
  std::size_t limit = 0;                // 0: all. Keeps the newest; after an `after`, the oldest
  std::string after = {};               // only what came after the event of this id, as far as that is remembered
  std::string before = {};              // of one session: only what came before the event of this id
  std::optional<std::chrono::system_clock::time_point> until = {};  // only what is of this time, or older
};

struct SessionQuery {
  std::optional<std::string> user_id = {};
  std::size_t limit = 0;   // 0: all
  std::string after = {};  // `SessionPage::next` of the page before
};

struct SessionPage {
  std::vector<std::string> ids = {};
  std::string next = {};  // "" on the last page
};

struct MemoryStats {
  std::size_t sessions = 0;
  std::size_t events = 0;
};

class Memory {
 public:
  virtual ~Memory() = default;

  // Creates the session if it is absent, reads the history and then appends the prompt: one step that nobody comes
  // between. The history is of good turns only, begins with a question, and never holds this turn's own prompt; nor,
  // for a serial turn, a prompt without an answer, whose host must have died. Of a fresh session the prompt may be
  // shown a moment later, or with the end of a turn that takes no longer.
  virtual Result<Turn> open_turn(const TurnOpening& opening) = 0;

  // Appends all of `events`, or none of them, and ends the turn. A session that was deleted while the turn ran is not
  // brought back: the events are dropped.
  virtual Result<void> close_turn(Turn turn, std::vector<MemoryEvent> events) = 0;

  // False when nothing is ever kept: nobody needs to build an event then.
  virtual bool remembers() const { return true; }

  // False while the store is away. Never waits.
  virtual bool reachable() const { return true; }

  // The history a turn would be given now.
  virtual Result<std::vector<events::Utterance>> history(std::string_view session_id, std::size_t context_limit) = 0;

  // A session of that name is replaced, its events are gone. Returns the id.
  virtual Result<std::string> create_session(const SessionNaming& naming) = 0;
  // A session of that name is left as it is. Two callers at once get the same one.
  virtual Result<std::string> get_or_create_session(const SessionNaming& naming) = 0;
  virtual Result<std::optional<SessionInfo>> session(std::string_view session_id) = 0;

  // Appends all of `events`, or none of them. False when the session is unknown.
  virtual Result<bool> add_events(std::string_view session_id, std::vector<MemoryEvent> events) = 0;
  Result<bool> add_event(std::string_view session_id, MemoryEvent event);

  // Oldest first; an unknown session has none.
  virtual Result<std::vector<MemoryEvent>> events(std::string_view session_id, const EventQuery& query) = 0;
  // Those of all sessions, merged by their time. Holds no more than `limit` of them and one session at a time.
  virtual Result<std::vector<MemoryEvent>> all_events(const EventQuery& query);

  // invalid_query when `after` is no cursor.
  virtual Result<SessionPage> sessions(const SessionQuery& query) = 0;
  virtual Result<bool> delete_session(std::string_view session_id) = 0;  // whether it was there
  virtual Result<std::size_t> clear() = 0;                               // how many sessions were there
  virtual Result<MemoryStats> stats() = 0;

  // Removes the sessions nothing was added to for so long, and tells how many.
  virtual Result<std::size_t> forget_older_than(std::chrono::seconds age) = 0;

  // Writes what is still to be written and lets go of the store. Calls after it answer memory_unavailable where there
  // is a store to let go of.
  virtual void close() {}
};

// Everything succeeds, nothing is kept.
std::unique_ptr<Memory> null_memory();

struct LocalOptions {
  std::size_t max_sessions = 1000;
  std::size_t max_session_events = 500;
  std::size_t max_bytes = 256 * 1024 * 1024;
  const Clock* clock = &Clock::system();
};

// In this process, gone with it. Over one of its limits the conversations that were silent longest are forgotten, but
// none with a turn running.
std::unique_ptr<Memory> local_memory(LocalOptions options = {});

// The same, kept in a SQLite file over restarts: a turn that has been closed is there after a `kill -9`. The file
// belongs to one process at a time. Code::malformed when it is damaged or not ours, memory_unavailable when it cannot
// be opened; both name the path.
Result<std::unique_ptr<Memory>> sqlite_memory(const std::string& path, const LocalOptions& options = {});

struct RedisOptions {
  std::string url = {};  // redis://, rediss://, unix://; see redis_url.h
  std::string prefix = "kaos:memory";
  std::string agent = {};  // whose sessions these are: others' are not listed, counted or evicted
  std::size_t max_sessions = 1000;
  std::size_t max_session_events = 500;
  std::chrono::seconds ttl{24 * 3600};    // of a session nothing is added to
  bool strict = false;                    // no turn without the Redis
  std::string ca_file = {};               // for rediss://, beside the system's roots
  std::chrono::milliseconds time{2000};   // of one round trip, connecting included
  std::chrono::milliseconds lease{5000};  // how long a host that died keeps its sessions from others
  std::size_t kept_events = 1000;         // of turns that end while the Redis is away
  const Clock* clock = &Clock::system();
};

// Over one Redis for many hosts. invalid_setting when the URL is none (it is never quoted); a Redis that cannot be
// reached is an error only when `strict`.
Result<std::unique_ptr<Memory>> redis_memory(const RedisOptions& options);

// For a Memory of single steps only (a user's own Python class): a turn made of get-or-create, add and events.
Result<Turn> open_turn_in_steps(Memory& memory, const TurnOpening& opening);
Result<void> close_turn_in_steps(Memory& memory, const Turn& turn, std::vector<MemoryEvent> events);

// The event that `open_turn` appends.
MemoryEvent prompt_event(const TurnOpening& opening, std::chrono::system_clock::time_point at);

}  // namespace pais::memory
