#include "memory/redis_memory.h"

#include <algorithm>
#include <cstdio>
#include <unordered_set>
#include <utility>

#include "base/ids.h"
#include "base/log.h"
#include "base/secrets.h"
#include "memory/redis_events.h"
#include "memory/transcript.h"

namespace pais::memory {
namespace {

using std::chrono::milliseconds;

// How long to leave a session alone that another host is at.
constexpr milliseconds kLongestBusy(50);

// How many sessions the Redis looks at in one step, in which it serves nobody else, and how many steps follow each
// other at most: what they leave over is done when the next session is made.
constexpr std::size_t kSessionsAtOnce = 250;
constexpr int kSteps = 8;

// Room for an opening, or for the end of a turn without tools.
constexpr std::size_t kWordsOfATurn = 16;

RedisKeeper::Options keeper_options(const RedisOptions& options, RedisAddress address) {
  return {.pool = {.address = std::move(address), .ca_file = options.ca_file, .time = options.time},
          .shown = mask_url(options.url),
          .probe_key = options.prefix + ":probe",
          .lease = options.lease,
          .kept_events = options.kept_events};
}

template <typename... Words>
void add(RedisCommand& command, Words&&... words) {
  (command.emplace_back(std::forward<Words>(words)), ...);
}

}  // namespace

std::string RedisMemory::unix_seconds(std::chrono::system_clock::time_point time) {
  const auto micros = std::chrono::floor<std::chrono::microseconds>(time).time_since_epoch().count();
  char text[48];
  std::snprintf(text, sizeof text, "%lld.%06lld", static_cast<long long>(micros / 1'000'000),
                static_cast<long long>(micros % 1'000'000));
  return text;
}

// What an open turn has in the Redis, and what is needed to write it there after all.
class RedisMemory::Hold : public TurnHold {
 public:
  Hold(RedisMemory& memory, std::string its_lease_key, std::string its_token, std::string its_prompt)
      : lease_key(std::move(its_lease_key)),
        token(std::move(its_token)),
        prompt(std::move(its_prompt)),
        memory_(memory) {
    if (!token.empty()) memory_.keeper_->hold(lease_key, token);
  }
  ~Hold() override {
    if (token.empty()) return;
    memory_.keeper_->let_go(lease_key);
    if (closed || !memory_.keeper_->is_here()) return;
    // A turn that was dropped: a lease renewed for no time at all is gone.
    const RedisCall end{.command = {lease_key, "0", token}, .script = RedisScript::renew, .keys = 1};
    static_cast<void>(memory_.keeper_->call(std::span(&end, 1)));
  }

  const std::string lease_key;
  const std::string token;  // "" when it has no lease
  const std::string prompt;
  std::string began = {};                   // Unix seconds, when the Redis was not there to see it begin
  std::optional<std::uint64_t> later = {};  // the call that would write a fresh session's prompt
  bool closed = false;

 private:
  RedisMemory& memory_;
};

RedisMemory::RedisMemory(RedisOptions options, RedisAddress address)
    : options_(std::move(options)),
      keeper_(std::make_unique<RedisKeeper>(keeper_options(options_, std::move(address)))) {}

RedisMemory::~RedisMemory() {
  close();
}

void RedisMemory::close() {
  if (keeper_.is_here()) keeper_->close();
}

Result<void> RedisMemory::check() {
  const auto reply = ask(plain({"PING"}));
  if (!reply) return reply.error();
  return {};
}

// --- a turn ---

Result<Turn> RedisMemory::open_turn(const TurnOpening& opening) {
  MemoryEvent event = prompt_event(opening, options_.clock->wall());
  const std::string token = opening.serial ? opening.mark.run_id + ':' + random_hex(16) : std::string();
  std::string prompt = event_json(event);
  if (opening.fresh && !options_.strict && keeper_->is_here()) return fresh_turn(opening, std::move(prompt));
  RedisCall open = script(RedisScript::open_turn, opening.session_id, 5);
  const std::string wanted = opening.wants_history ? std::to_string(opening.context_limit) : "-1";
  add(open.command, token, std::to_string(options_.lease.count()), prompt, opening.mark.run_id, wanted);
  auto reply = ask(std::move(open));
  if (!reply && options_.strict) return reply.error();
  if (!reply) return without_memory(opening, std::move(prompt), event.timestamp);

  Turn turn{.session_id = opening.session_id, .mark = opening.mark};
  if (reply->at(0).text == "busy") {
    turn.busy_for = std::clamp(milliseconds(reply->at(1).number), milliseconds(1), kLongestBusy);
    return turn;
  }
  turn.hold = std::make_unique<Hold>(*this, key("lease", opening.session_id), token, std::move(prompt));
  std::vector<RedisReply> items(std::make_move_iterator(reply->items.begin() + 2),
                                std::make_move_iterator(reply->items.end()));
  std::reverse(items.begin(), items.end());
  turn.history = history_of(read_events(items), opening.context_limit, opening.mark.run_id, unanswered_for(opening));
  if (reply->at(1).number == 1) note_new_session();
  return turn;
}

Turn RedisMemory::fresh_turn(const TurnOpening& opening, std::string prompt) {
  Turn turn{.session_id = opening.session_id, .mark = opening.mark};
  auto hold = std::make_unique<Hold>(*this, std::string(), std::string(), std::move(prompt));
  hold->later = keeper_->call_later(closing(opening.session_id, *hold));
  turn.hold = std::move(hold);
  return turn;
}

Turn RedisMemory::without_memory(const TurnOpening& opening, std::string prompt,
                                 std::chrono::system_clock::time_point began) {
  Turn turn{.session_id = opening.session_id, .mark = opening.mark, .remembered = false};
  auto hold = std::make_unique<Hold>(*this, std::string(), std::string(), std::move(prompt));
  hold->began = unix_seconds(began);
  turn.hold = std::move(hold);
  return turn;
}

Result<void> RedisMemory::close_turn(Turn turn, std::vector<MemoryEvent> events) {
  auto* hold = dynamic_cast<Hold*>(turn.hold.get());
  if (hold == nullptr) return close_turn_in_steps(*this, turn, std::move(events));
  const bool is_fresh = hold->later.has_value();
  // The call for later, where it has not been made, is all but the same.
  RedisCall close;
  if (auto unmade = is_fresh ? keeper_->call_off(*hold->later) : std::nullopt) {
    close = *std::move(unmade);
    set_time(close);
  } else {
    close = closing(turn.session_id, *hold);
  }
  for (MemoryEvent& event : events) {
    cut_to_limit(event);
    close.command.push_back(event_json(event));
  }
  hold->closed = true;
  turn.hold.reset();
  auto written = keeper_->write({std::move(close), turn.session_id, events.size() + 1});
  if (is_fresh && keeper_->is_here()) note_new_session();
  return written;
}

Result<std::vector<events::Utterance>> RedisMemory::history(std::string_view session_id, std::size_t context_limit) {
  auto reply = ask({.command = {key("events", session_id), std::to_string(context_limit)},
                    .script = RedisScript::history,
                    .keys = 1});
  if (!reply) return reply.error();
  std::reverse(reply->items.begin(), reply->items.end());
  return history_of(read_events(reply->items), context_limit);
}

// --- keys, calls, limits ---

std::string RedisMemory::key(std::string_view kind, std::string_view session_id) const {
  std::string key;
  key.reserve(options_.prefix.size() + kind.size() + session_id.size() + 2);
  key.append(options_.prefix).append(1, ':').append(kind).append(1, ':').append(session_id);
  return key;
}

RedisCall RedisMemory::script(RedisScript which, std::string_view session_id, std::size_t keys) const {
  RedisCall call{.script = which, .keys = keys};
  call.command.reserve(kWordsOfATurn);
  add(call.command, key("session", session_id), key("events", session_id), options_.prefix + ":sessions",
      key("agent", options_.agent));
  if (keys == 5) add(call.command, key("lease", session_id));
  add(call.command, session_id, "", "", std::to_string(options_.ttl.count()),
      std::to_string(options_.max_session_events), options_.agent);
  set_time(call);
  return call;
}

// After the keys and the session's name.
void RedisMemory::set_time(RedisCall& call) const {
  const auto now = options_.clock->wall();
  call.command[call.keys + 1] = iso_time(now);
  call.command[call.keys + 2] = unix_seconds(now);
}

RedisCall RedisMemory::closing(std::string_view session_id, const Hold& hold) const {
  RedisCall close = script(RedisScript::close_turn, session_id, 5);
  add(close.command, hold.token, hold.began, hold.prompt);
  return close;
}

// An error the Redis answers is about the keys of this call: somebody else's values under our names.
Result<RedisReply> RedisMemory::ask(RedisCall call) {
  auto reply = keeper_->call(std::move(call));
  if (!reply || !reply->is_error()) return reply;
  log::warning("pais.memory", "the Redis refuses a call: " + reply->text);
  return Error{.code = Code::memory_unavailable, .cause = reply->text};
}

// Done now and then: often enough that no more than a tenth over the limit can go unseen, and always when the limit is
// passed by this host alone.
Result<void> RedisMemory::made_one() {
  if (--until_look_ > 0 || is_looking_.exchange(true)) return {};
  const auto most = static_cast<std::int64_t>(options_.max_sessions);
  const std::int64_t share = std::max<std::int64_t>(1, most / 10);
  bool is_done = false;
  Result<RedisReply> left = RedisReply();
  for (int step = 0; step < kSteps && left && !is_done; ++step) {
    left = ask({.command = {options_.prefix + ":sessions", key("agent", options_.agent), key("seen", options_.agent),
                            options_.prefix, options_.agent, std::to_string(most), std::to_string(share),
                            std::to_string(kSessionsAtOnce), unix_seconds(options_.clock->wall())},
                .script = RedisScript::make_room,
                .keys = 3});
    is_done = left && left->at(1).number == 0;
  }
  if (left) until_look_ = is_done ? std::clamp<std::int64_t>(most - left->at(0).number + 1, 1, share + 1) : 1;
  is_looking_ = false;
  if (!left) return left.error();
  return {};
}

void RedisMemory::note_new_session() {
  if (auto room = made_one(); !room) log::debug("pais.memory", room.error().describe());
}

Result<std::unique_ptr<Memory>> redis_memory(const RedisOptions& options) {
  auto address = read_redis_url(options.url);
  if (!address) return address.error();
  auto memory = std::make_unique<RedisMemory>(options, *std::move(address));
  if (options.strict) {
    if (auto there = memory->check(); !there) return there.error();
  }
  return std::unique_ptr<Memory>(std::move(memory));
}

}  // namespace pais::memory
