// Sessions and events of a Redis, one by one. The keys and values are told in redis_scripts.h.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <unordered_set>
#include <utility>

#include "base/ids.h"
#include "base/log.h"
#include "memory/event_query.h"
#include "memory/redis_events.h"
#include "memory/redis_memory.h"
#include "memory/timeline.h"

namespace pais::memory {
namespace {

constexpr std::size_t kPage = 500;            // sessions looked at in one round trip
constexpr std::size_t kMostSeen = 1'000'000;  // of one moment, in a cursor

// Of events in one round trip: of the longest that we store it is some ten megabytes.
constexpr std::size_t kFewestEvents = 32;
constexpr std::size_t kMostEvents = 200;

// Further than any clock of ours goes, and within what it can hold.
constexpr double kLatestScore = 9e9;

// How long a turn that is under way may learn that its session is gone.
constexpr std::string_view kTombstoneMillis = "600000";

std::chrono::system_clock::time_point time_of(const std::string& text) {
  return read_iso_time(text).value_or(std::chrono::system_clock::time_point());
}

std::chrono::system_clock::time_point time_of_score(const std::string& score) {
  double seconds = 0;
  std::from_chars(score.data(), score.data() + score.size(), seconds);
  const std::chrono::duration<double> since_epoch(std::clamp(seconds, 0.0, kLatestScore));
  return std::chrono::system_clock::time_point(
      std::chrono::duration_cast<std::chrono::system_clock::duration>(since_epoch));
}

SessionInfo info_of(std::string_view session_id, const RedisReply& hash, std::size_t events) {
  SessionInfo info{.session_id = std::string(session_id), .user_id = "user", .app_name = "agent", .events = events};
  for (std::size_t i = 0; i + 1 < hash.items.size(); i += 2) {
    const std::string& field = hash.items[i].text;
    const std::string& value = hash.items[i + 1].text;
    if (field == "user_id") info.user_id = value;
    if (field == "app_name") info.app_name = value;
    if (field == "created_at") info.created_at = time_of(value);
    if (field == "updated_at") info.updated_at = time_of(value);
  }
  return info;
}

}  // namespace

// A place in the index. As a cursor "<score>/<how many of that score have been seen>".
struct RedisMemory::Place {
  std::string score = "";  // "": an end of the index
  std::size_t seen = 0;

  static Result<Place> read(const std::string& cursor) {
    Place place;
    if (cursor.empty()) return place;
    const Error none{.code = Code::invalid_query, .cause = cursor, .param = "cursor"};
    const char* const end = cursor.data() + cursor.size();
    double score = 0;
    const auto number = std::from_chars(cursor.data(), end, score);
    if (number.ec != std::errc() || number.ptr == end || *number.ptr != '/' || !std::isfinite(score)) return none;
    const auto count = std::from_chars(number.ptr + 1, end, place.seen);
    if (count.ec != std::errc() || count.ptr != end || place.seen > kMostSeen) return none;
    place.score.assign(cursor.data(), number.ptr);
    return place;
  }
};

Result<std::string> RedisMemory::create_session(const SessionNaming& naming) {
  return put_session(naming, true);
}

Result<std::string> RedisMemory::get_or_create_session(const SessionNaming& naming) {
  return put_session(naming, false);
}

Result<std::string> RedisMemory::put_session(SessionNaming naming, bool replace) {
  if (naming.session_id.empty()) naming.session_id = new_session_id();
  RedisCall create = script(RedisScript::create, naming.session_id, 4);
  for (const std::string& argument : {naming.user_id, naming.app_name, std::string(replace ? "1" : "0")}) {
    create.command.push_back(argument);
  }
  const auto created = ask(std::move(create));
  if (!created) return created.error();
  if (created->number == 1) {
    if (auto room = made_one(); !room) return room.error();
  }
  return naming.session_id;
}

Result<std::optional<SessionInfo>> RedisMemory::session(std::string_view session_id) {
  const RedisCall calls[] = {plain({"HGETALL", key("session", session_id)}),
                             plain({"LLEN", key("events", session_id)})};
  const auto replies = keeper_->call(calls);
  if (!replies) return replies.error();
  if ((*replies)[0].items.empty()) return std::optional<SessionInfo>();
  return std::optional(info_of(session_id, (*replies)[0], static_cast<std::size_t>((*replies)[1].number)));
}

Result<bool> RedisMemory::add_events(std::string_view session_id, std::vector<MemoryEvent> events) {
  RedisCall add = script(RedisScript::add, session_id, 4);
  for (MemoryEvent& event : events) {
    cut_to_limit(event);
    add.command.push_back(event_json(event));
  }
  const auto known = ask(std::move(add));
  if (!known) return known.error();
  if (known->number == 0) log::warning("pais.memory", "events for an unknown session are not stored");
  return known->number == 1;
}

// From its end backwards, some at a time: a list may be longer than one answer should be. What is appended meanwhile
// moves the rest towards what has been read, so some of it is met again and passed by.
Result<std::vector<MemoryEvent>> RedisMemory::events(std::string_view session_id, const EventQuery& query) {
  const std::size_t at_once = query.limit == 0 ? kMostEvents : std::clamp(query.limit, kFewestEvents, kMostEvents);
  EventChoice choice(query);
  std::unordered_set<std::string> met;
  for (std::size_t read = 0; choice.wants_more(); read += at_once) {
    const auto items = ask(plain(
        {"LRANGE", key("events", session_id), "-" + std::to_string(read + at_once), "-" + std::to_string(read + 1)}));
    if (!items) return items.error();
    const auto events = read_events(items->items);
    for (auto event = events.rbegin(); event != events.rend() && choice.wants_more(); ++event) {
      if (met.insert(event->event_id).second) choice.look_at(*event);
    }
    if (items->items.size() < at_once) break;
  }
  return choice.take();
}

Result<std::vector<MemoryEvent>> RedisMemory::all_events(const EventQuery& query) {
  const auto walk = [this](const SessionVisit& visit) {
    return each_session(Order::active_last_first, {},
                        [&](const Listed& listed) { return visit(listed.session_id, time_of_score(listed.score)); });
  };
  return merge_sessions(*this, walk, query);
}

// --- many sessions ---

Result<void> RedisMemory::each_session(Order order, Place at, const Visit& visit) {
  const bool forward = order == Order::silent_longest_first;
  if (at.score.empty()) at.score = forward ? "-inf" : "+inf";
  for (;;) {
    const auto found =
        ask(plain({forward ? "ZRANGEBYSCORE" : "ZREVRANGEBYSCORE", options_.prefix + ":sessions", at.score,
                   forward ? "+inf" : "-inf", "WITHSCORES", "LIMIT", std::to_string(at.seen), std::to_string(kPage)}));
    if (!found) return found.error();
    std::vector<Listed> page;
    for (std::size_t i = 0; i + 1 < found->items.size(); i += 2) {
      const std::string& score = found->items[i + 1].text;
      at.seen = score == at.score ? at.seen + 1 : 1;
      at.score = score;
      page.push_back({.session_id = found->items[i].text, .score = score, .with_score = at.seen});
    }
    if (page.empty()) return {};
    const auto wants_more = visit_page(page, visit);
    if (!wants_more) return wants_more.error();
    if (!*wants_more || page.size() < kPage) return {};
  }
}

Result<bool> RedisMemory::visit_page(const std::vector<Listed>& page, const Visit& visit) {
  std::vector<RedisCall> calls;
  for (const Listed& listed : page) {
    calls.push_back(plain({"HMGET", key("session", listed.session_id), "session_id", "user_id", "agent"}));
  }
  const auto hashes = keeper_->call(calls);
  if (!hashes) return hashes.error();
  RedisCommand drop_dead{"ZREM", options_.prefix + ":sessions"};
  Result<bool> wants_more = true;
  for (std::size_t i = 0; i < page.size() && wants_more && *wants_more; ++i) {
    const RedisReply& hash = (*hashes)[i];
    const bool is_dead = hash.at(0).kind == RedisReply::Kind::nothing && !hash.is_error();
    if (is_dead) drop_dead.push_back(page[i].session_id);
    const bool is_unmarked = hash.at(2).kind == RedisReply::Kind::nothing;
    if (is_dead || hash.is_error() || (!is_unmarked && hash.at(2).text != options_.agent)) continue;
    Listed listed = page[i];
    listed.user_id = hash.at(1).text;
    wants_more = visit(listed);
  }
  if (drop_dead.size() > 2) {
    if (auto dropped = ask(plain(std::move(drop_dead))); !dropped) return dropped.error();
  }
  return wants_more;
}

Result<std::vector<std::string>> RedisMemory::session_ids() {
  std::vector<std::string> ids;
  const auto visited = each_session(Order::silent_longest_first, {}, [&](const Listed& listed) {
    ids.push_back(listed.session_id);
    return true;
  });
  if (!visited) return visited.error();
  return ids;
}

Result<SessionPage> RedisMemory::sessions(const SessionQuery& query) {
  auto from = Place::read(query.after);
  if (!from) return from.error();
  SessionPage page;
  std::string last;
  const auto visited = each_session(Order::silent_longest_first, *std::move(from), [&](const Listed& listed) {
    if (query.user_id && listed.user_id != *query.user_id) return true;
    if (query.limit != 0 && page.ids.size() == query.limit) {
      page.next = last;
      return false;
    }
    page.ids.push_back(listed.session_id);
    last = listed.score + '/' + std::to_string(listed.with_score);
    return true;
  });
  if (!visited) return visited.error();
  return page;
}

RedisCall RedisMemory::removal(std::string_view session_id, bool only_if_idle) const {
  return {.command = {key("session", session_id), key("events", session_id), options_.prefix + ":sessions",
                      key("agent", options_.agent), key("lease", session_id), std::string(session_id),
                      unix_seconds(options_.clock->wall()), std::string(kTombstoneMillis), only_if_idle ? "1" : "0"},
          .script = RedisScript::remove,
          .keys = 5};
}

Result<bool> RedisMemory::delete_session(std::string_view session_id) {
  const auto was_there = ask(removal(session_id, false));
  if (!was_there) return was_there.error();
  return was_there->number == 1;
}

Result<std::vector<RedisReply>> RedisMemory::ask_each(const std::vector<std::string>& ids,
                                                      const std::function<RedisCall(const std::string&)>& question) {
  std::vector<RedisReply> answers;
  for (std::size_t at = 0; at < ids.size(); at += kPage) {
    std::vector<RedisCall> calls;
    for (std::size_t i = at; i < std::min(ids.size(), at + kPage); ++i) calls.push_back(question(ids[i]));
    auto replies = keeper_->call(calls);
    if (!replies) return replies.error();
    std::move(replies->begin(), replies->end(), std::back_inserter(answers));
  }
  return answers;
}

Result<std::size_t> RedisMemory::clear() {
  const auto ids = session_ids();
  if (!ids) return ids.error();
  const auto removed = ask_each(*ids, [&](const std::string& id) { return removal(id, false); });
  if (!removed) return removed.error();
  return static_cast<std::size_t>(
      std::count_if(removed->begin(), removed->end(), [](const RedisReply& reply) { return reply.number == 1; }));
}

Result<MemoryStats> RedisMemory::stats() {
  const auto ids = session_ids();
  if (!ids) return ids.error();
  const auto lengths = ask_each(*ids, [&](const std::string& id) { return plain({"LLEN", key("events", id)}); });
  if (!lengths) return lengths.error();
  MemoryStats stats{.sessions = ids->size()};
  for (const RedisReply& length : *lengths) stats.events += static_cast<std::size_t>(length.number);
  return stats;
}

Result<std::size_t> RedisMemory::forget_older_than(std::chrono::seconds age) {
  const auto newest_gone = options_.clock->wall() - age;
  std::vector<std::string> old;
  const auto visited = each_session(Order::silent_longest_first, {}, [&](const Listed& listed) {
    if (time_of_score(listed.score) > newest_gone) return false;
    old.push_back(listed.session_id);
    return true;
  });
  if (!visited) return visited.error();
  const auto removed = ask_each(old, [&](const std::string& id) { return removal(id, true); });
  if (!removed) return removed.error();
  return static_cast<std::size_t>(
      std::count_if(removed->begin(), removed->end(), [](const RedisReply& reply) { return reply.number == 1; }));
}

}  // namespace pais::memory
