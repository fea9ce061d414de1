#include "memory/redis_keeper.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/log.h"

namespace pais::memory {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kFirstPause(50);
constexpr milliseconds kLongestPause(2000);
constexpr milliseconds kLater(100);
constexpr std::size_t kTurnsAtOnce = 20;
constexpr std::size_t kLeasesAtOnce = 200;

// Errors of the Redis as a whole. Whatever else it says is about one call.
constexpr std::array<std::string_view, 13> kTroubles = {
    "LOADING",    "BUSY",   "MASTERDOWN",  "READONLY", "OOM",        "MISCONF",   "NOAUTH",
    "NOREPLICAS", "NOPERM", "CLUSTERDOWN", "TRYAGAIN", "UNKILLABLE", "EXECABORT",
};

const RedisReply* trouble_in(const std::vector<RedisReply>& replies) {
  const auto found = std::find_if(replies.begin(), replies.end(), [](const RedisReply& reply) {
    return reply.is_error() && std::find(kTroubles.begin(), kTroubles.end(), reply.error_code()) != kTroubles.end();
  });
  return found == replies.end() ? nullptr : &*found;
}

// The script answers "dropped" where the session of the turn is gone.
void tell_if_dropped(const RedisReply& reply, const RedisKeeper::TurnEnd& end) {
  if (reply.text != "dropped" || reply.is_error()) return;
  log::warning("pais.memory", "the session \"" + end.session_id + "\" was deleted while a turn of it ran: " +
                                  std::to_string(end.events) + " events are not kept");
}

Error unavailable(std::string cause) {
  return {.code = Code::memory_unavailable, .cause = std::move(cause)};
}

}  // namespace

RedisKeeper::RedisKeeper(Options options)
    : options_(std::move(options)), pool_(options_.pool), thread_([this] { run(); }) {}

RedisKeeper::~RedisKeeper() {
  close();
}

void RedisKeeper::close() {
  {
    const std::scoped_lock lock(guard_);
    closing_ = true;
  }
  changed_.notify_all();
  std::call_once(ended_, [this] {
    thread_.join();
    pool_.close();
  });
}

// --- calls ---

Result<std::vector<RedisReply>> RedisKeeper::call(std::span<const RedisCall> calls) {
  if (away_) return unavailable("the Redis at " + options_.shown + " is away: " + why_away());
  auto replies = call_in_any_case(calls);
  if (!replies) go_away(replies.error().describe());
  return replies;
}

Result<RedisReply> RedisKeeper::call(RedisCall one) {
  auto replies = call(std::span(&one, 1));
  if (!replies) return replies.error();
  return std::move(replies->front());
}

Result<std::vector<RedisReply>> RedisKeeper::call_in_any_case(std::span<const RedisCall> calls) {
  auto replies = pool_.call(calls);
  if (!replies) return replies.error().as(Code::memory_unavailable);
  if (const RedisReply* trouble = trouble_in(*replies)) return unavailable(trouble->text);
  return replies;
}

Result<void> RedisKeeper::write(TurnEnd end) {
  if (!away_) {
    auto replies = call(std::span(&end.call, 1));
    if (replies && replies->front().is_error()) return unavailable(replies->front().text);
    if (replies) tell_if_dropped(replies->front(), end);
    if (replies) return {};
  }
  return keep(std::move(end));
}

Result<void> RedisKeeper::keep(TurnEnd turn) {
  const std::scoped_lock lock(guard_);
  if (closing_) return unavailable("the memory is closed");
  if (turn.events > options_.kept_events) return unavailable("the turn is too long to be kept until the Redis is back");
  kept_events_ += turn.events;
  kept_.push_back(std::move(turn));
  while (kept_events_ > options_.kept_events) {
    ++lost_turns_;
    lost_events_ += kept_.front().events;
    forget_oldest();
    if (lost_turns_ == 1) {
      log::warning("pais.memory", "too much is waiting for the Redis: from now on the oldest turns are lost");
    }
  }
  // It may have come back in this very moment; then it is asked again at once.
  if (!away_.exchange(true)) {
    pause_ = milliseconds(0);
    ask_at_ = steady_clock::now();
  }
  changed_.notify_all();
  return {};
}

void RedisKeeper::forget_oldest() {
  kept_events_ -= kept_.front().events;
  kept_.pop_front();
  ++kept_from_;
}

// With guard_ held: what to say of turns that were lost, if any were.
std::string RedisKeeper::loss() const {
  if (lost_turns_ == 0) return "";
  return "; " + std::to_string(lost_turns_) + " turns with " + std::to_string(lost_events_) + " events are lost";
}

void RedisKeeper::go_away(const std::string& reason) {
  {
    const std::scoped_lock lock(guard_);
    if (closing_ || away_) return;
    why_away_ = reason;
    away_ = true;
    pause_ = kFirstPause;
    ask_at_ = steady_clock::now() + pause_;
    log::warning("pais.memory", "the Redis at " + options_.shown + " is away, turns go on without history: " + reason);
  }
  pool_.drop_idle();
  changed_.notify_all();
}

std::string RedisKeeper::why_away() {
  const std::scoped_lock lock(guard_);
  return why_away_;
}

// --- calls for later ---

std::uint64_t RedisKeeper::call_later(RedisCall call) {
  const std::scoped_lock lock(guard_);
  later_.emplace(++laters_, Later{std::move(call), steady_clock::now() + kLater});
  if (!std::exchange(watches_later_, true)) changed_.notify_all();
  return laters_;
}

std::optional<RedisCall> RedisKeeper::call_off(std::uint64_t name) {
  const std::scoped_lock lock(guard_);
  auto found = later_.extract(name);
  if (found.empty()) return std::nullopt;
  return std::move(found.mapped().call);
}

void RedisKeeper::make_later_calls(steady_clock::time_point due) {
  std::vector<RedisCall> calls;
  {
    const std::scoped_lock lock(guard_);
    while (!later_.empty() && later_.begin()->second.due <= due) {
      calls.push_back(std::move(later_.begin()->second.call));
      later_.erase(later_.begin());
    }
  }
  for (std::size_t at = 0; at < calls.size() && !away_; at += kTurnsAtOnce) {
    static_cast<void>(call(std::span(calls).subspan(at, std::min(kTurnsAtOnce, calls.size() - at))));
  }
}

// --- leases ---

void RedisKeeper::hold(const std::string& lease_key, const std::string& token) {
  const std::scoped_lock lock(guard_);
  leases_[lease_key] = token;
}

void RedisKeeper::let_go(const std::string& lease_key) {
  const std::scoped_lock lock(guard_);
  leases_.erase(lease_key);
}

void RedisKeeper::renew_leases() {
  std::vector<std::pair<std::string, std::string>> held;
  {
    const std::scoped_lock lock(guard_);
    held.assign(leases_.begin(), leases_.end());
  }
  for (std::size_t at = 0; at < held.size(); at += kLeasesAtOnce) {
    const std::size_t end = std::min(held.size(), at + kLeasesAtOnce);
    RedisCall renewal{.script = RedisScript::renew, .keys = end - at};
    for (std::size_t i = at; i < end; ++i) renewal.command.push_back(held[i].first);
    renewal.command.push_back(std::to_string(options_.lease.count()));
    for (std::size_t i = at; i < end; ++i) renewal.command.push_back(held[i].second);
    if (!call(std::span(&renewal, 1))) return;
  }
}

// --- the thread ---

void RedisKeeper::run() {
  auto next_renewal = steady_clock::now() + options_.lease / 3;
  // A Redis that is dead at the start is found out here, not by the first turn.
  const RedisCall ping{.command = {"PING"}};
  static_cast<void>(call(std::span(&ping, 1)));
  std::unique_lock lock(guard_);
  while (!closing_) {
    const auto next_question = away_ ? ask_at_ : steady_clock::time_point::max();
    watches_later_ = !later_.empty();
    const auto next_later = watches_later_ ? later_.begin()->second.due : steady_clock::time_point::max();
    const auto next = std::min({next_question, next_later, next_renewal});
    if (steady_clock::now() < next) {
      changed_.wait_until(lock, next);
      continue;
    }
    lock.unlock();
    const auto now = steady_clock::now();
    if (now >= next_question) come_back();
    if (now >= next_later) make_later_calls(now);
    if (!away_ && now >= next_renewal) renew_leases();
    if (now >= next_renewal) next_renewal = now + options_.lease / 3;
    lock.lock();
  }
  lock.unlock();
  make_later_calls(steady_clock::time_point::max());
  const bool written = write_kept();
  lock.lock();
  lost_turns_ += kept_.size();
  lost_events_ += kept_events_;
  if (!written || lost_turns_ > 0) log::warning("pais.memory", "the Redis was away until the end" + loss());
}

bool RedisKeeper::come_back() {
  const RedisCall probe{.command = {"SET", options_.probe_key, "1", "PX", "1000"}};
  const auto answer = call_in_any_case(std::span(&probe, 1));
  const bool is_back = answer && !answer->front().is_error() && write_kept();
  const std::scoped_lock lock(guard_);
  if (is_back && kept_.empty()) {
    log::write(lost_turns_ == 0 ? log::Level::info : log::Level::warning, "pais.memory",
               "the Redis at " + options_.shown + " is back" + loss());
    lost_turns_ = lost_events_ = 0;
    away_ = false;
    return true;
  }
  pause_ = std::clamp(pause_ * 2, kFirstPause, kLongestPause);
  ask_at_ = steady_clock::now() + pause_;
  return false;
}

// In order, and each only forgotten once the Redis has it. Writing one twice changes nothing.
bool RedisKeeper::write_kept() {
  for (;;) {
    std::vector<TurnEnd> turns;
    std::uint64_t from = 0;
    {
      const std::scoped_lock lock(guard_);
      from = kept_from_;
      turns.assign(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(std::min(kTurnsAtOnce, kept_.size())));
    }
    std::vector<RedisCall> calls;
    for (TurnEnd& turn : turns) calls.push_back(std::move(turn.call));
    if (calls.empty()) return true;
    const auto replies = call_in_any_case(calls);
    if (!replies) return false;
    for (std::size_t i = 0; i < turns.size(); ++i) {
      const RedisReply& reply = replies->at(i);
      if (reply.is_error()) log::warning("pais.memory", "a turn that was kept cannot be stored: " + reply.text);
      tell_if_dropped(reply, turns[i]);
    }
    const std::scoped_lock lock(guard_);
    while (kept_from_ < from + calls.size()) forget_oldest();  // but for those that were lost meanwhile
  }
}

}  // namespace pais::memory
