#include "memory/redis_scripts.h"

#include <initializer_list>
#include <string_view>

namespace pais::memory {
namespace {

// What scripts have in common, in parts: a script has those in front of it that it needs, and no others, since whatever
// is there is made anew at every call.

// Looks for keys in the JSON of an event instead of decoding it: a key of the event cannot be confused with text inside
// a string, where every quote has a backslash before it. (Finding the key as plain text and only its value with a
// pattern takes a fraction of the time of one pattern for both.)
constexpr std::string_view kTextAfter = R"lua(
local function text_after(item, key)
  local _, at = string.find(item, key, 1, true)
  while at do
    local text = string.match(item, '^%s*"([^"]*)"', at + 1)
    if text then return text end
    _, at = string.find(item, key, at + 1, true)
  end
end
)lua";

constexpr std::string_view kEventId = R"lua(
local function id_of(item) return text_after(item, '"event_id":') or '' end
)lua";

// What a deletion leaves in the lease: "deleted:" and when it was, in Unix seconds.
constexpr std::string_view kTombstone = R"lua(
local function is_tombstone(holder) return holder and string.sub(holder, 1, 7) == 'deleted' end
local function time_in(tombstone) return string.sub(tombstone, 9) end
)lua";

constexpr std::string_view kNewest = R"lua(
-- The prompts and answers of turns that have not failed, newest first, until there are `wanted` (0: all, -1: none).
-- A prompt whose run has no answer is told only if `unanswered`, since its turn may be running then. Without a run
-- there is no knowing which answer is whose: such prompts are told.
-- Also tells, of the events it reads, and these are the newest `at_least`, whether the run `own` is there already, and
-- whether it has ended.
local function newest(events, wanted, own, unanswered, at_least)
  local told, answered, failed, nameless_failed = {}, {}, {}, false
  local seen, ended = false, false
  local function look_at(item)
    local kind = text_after(item, '"event_type":')
    local prompt = kind == 'user_message' or kind == 'task_delegation_received'
    if not prompt and kind ~= 'agent_response' and kind ~= 'error' then return end
    local run = text_after(item, '"run_id":') or ''
    if own ~= '' and run == own then
      if prompt then seen = true else ended = true end
    elseif kind == 'error' then
      if run == '' then nameless_failed = true else failed[run] = true end
    elseif run == '' then
      if not nameless_failed then told[#told + 1] = item end
      if prompt then nameless_failed = false end
    elseif not failed[run] then
      if not prompt then answered[run] = true end
      if unanswered or answered[run] then told[#told + 1] = item end
    end
  end
  local function has_enough() return wanted ~= 0 and #told >= wanted end
  local read, is_all = 0, false
  local size = math.max(at_least, wanted > 0 and math.min(wanted, 32) or 32)
  while not is_all and (read < at_least or not has_enough()) do
    local chunk = redis.call('LRANGE', events, -read - size, -read - 1)
    for i = #chunk, 1, -1 do
      if not has_enough() or (own ~= '' and string.find(chunk[i], own, 1, true)) then look_at(chunk[i]) end
    end
    read, is_all, size = read + size, #chunk < size, 32
  end
  for i = #told, wanted + 1, -1 do
    if wanted ~= 0 then told[i] = nil end
  end
  return told, seen, ended
end
)lua";

// KEYS session events index own, ARGV id now score ttl most_events agent
constexpr std::string_view kSession = R"lua(
local session, events, index, own = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local id, now, score, ttl, most, agent = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6]

-- `facts`: session_id and agent of the session, as far as it has them. Creates it if it is absent (1 if it was) and
-- says that it is active now. The agent's own index has its sessions and those of nobody.
local function touch(facts, user, app)
  local whose = facts[1] and facts[2] or agent
  if facts[1] then
    redis.call('HSET', session, 'updated_at', now)
  elseif agent == '' then
    redis.call('HSET', session, 'session_id', id, 'user_id', user, 'app_name', app, 'created_at', now,
      'updated_at', now)
  else
    redis.call('HSET', session, 'session_id', id, 'user_id', user, 'app_name', app, 'created_at', now,
      'updated_at', now, 'agent', agent)
  end
  redis.call('ZADD', index, score, id)
  if whose == agent then redis.call('ZADD', own, score, id) end
  redis.call('EXPIRE', session, ttl)
  redis.call('EXPIRE', events, ttl)
  return facts[1] and 0 or 1
end
)lua";

constexpr std::string_view kAppend = R"lua(
local function append(items)
  local length = 0
  for i = 1, #items, 100 do length = redis.call('RPUSH', events, unpack(items, i, math.min(i + 99, #items))) end
  if length > most then redis.call('LTRIM', events, -most, -1) end
end
)lua";

// KEYS … lease, ARGV … token lease_ms prompt run wanted
// A turn without a token does not wait for others, nor they for it. A tombstone moves from the lease into the session.
// Answers {"open", created, newest first…}, or {"busy", ms the lease still has}.
// Whether it is executed a second time, or late, when its turn has long ended: then its run is among the newest events.
// They are searched for it where that can be: the session was written at this opening's own time, or after it.
constexpr std::string_view kOpenTurn = R"lua(
local lease = KEYS[5]
local token, lease_ms, prompt, run, wanted = ARGV[7], ARGV[8], ARGV[9], ARGV[10], tonumber(ARGV[11])
local holder = redis.call('GET', lease)
if token ~= '' and holder and holder ~= token and not is_tombstone(holder) then
  return {'busy', redis.call('PTTL', lease)}
end
local facts = redis.call('HMGET', session, 'session_id', 'agent', 'updated_at')
local is_first = token ~= '' and holder ~= token and (not facts[3] or facts[3] < now)
local told, seen, ended = newest(events, wanted, run, token == '', is_first and 0 or 32)
local answer = {'open', 0}
for i = 1, #told do answer[i + 2] = told[i] end
if ended then return answer end
if not seen then append({prompt}) end
if token ~= '' then
  redis.call('SET', lease, token, 'PX', lease_ms)
elseif is_tombstone(holder) then
  redis.call('DEL', lease)
end
answer[2] = touch(facts, 'user', 'agent')
if is_tombstone(holder) then redis.call('HSET', session, 'deleted_at', time_in(holder)) end
return answer
)lua";

// KEYS … lease, ARGV … token began prompt events…
// Without events it only sees to it that the prompt is there.
// The usual case is the first: the turn has the lease, so its prompt is there and its end is not. Otherwise the prompt
// tells: where it is missing, either the session was deleted while the turn ran, and its mark says so, or the Redis has
// lost it, and the turn is written whole.
// Answers "closed" or "dropped".
constexpr std::string_view kCloseTurn = R"lua(
local lease = KEYS[5]
local token, began, prompt = ARGV[7], ARGV[8], ARGV[9]

-- Whether the turn is known to have begun after a deletion. `began` is '' for one that asked the Redis when it began:
-- no mark of an older deletion was in its way, so the one that is found now is younger.
local function is_after(deletion)
  local turn, gone = tonumber(began), tonumber(deletion)
  return turn and gone and turn > gone
end

local holder = redis.call('GET', lease)
local mine = token ~= '' and holder == token
if is_tombstone(holder) and not is_after(time_in(holder)) then return 'dropped' end
local facts = redis.call('HMGET', session, 'session_id', 'agent', 'deleted_at')
local items = {}
if mine and facts[1] then
  for i = 10, #ARGV do items[i - 9] = ARGV[i] end
else
  local there = {}
  for _, item in ipairs(redis.call('LRANGE', events, 0, -1)) do there[id_of(item)] = true end
  local is_empty = next(there) == nil
  for i = 9, #ARGV do
    if is_empty or not there[id_of(ARGV[i])] then items[#items + 1] = ARGV[i] end
  end
  if items[1] == prompt and facts[3] and not is_after(facts[3]) then return 'dropped' end
end
append(items)
touch(facts, 'user', 'agent')
if mine then redis.call('DEL', lease) end
return 'closed'
)lua";

// KEYS events, ARGV wanted
constexpr std::string_view kHistory = R"lua(
local told = newest(KEYS[1], tonumber(ARGV[1]), '', false, 0)
return told
)lua";

// ARGV … user app replace
// Answers 1 when the session is new.
constexpr std::string_view kCreate = R"lua(
local user, app, replace = ARGV[7], ARGV[8], ARGV[9]
if replace == '1' then
  local was_there = redis.call('DEL', session)
  redis.call('DEL', events)
  touch({}, user, app)
  return 1 - was_there
end
local facts = redis.call('HMGET', session, 'session_id')
if facts[1] then return 0 end
return touch(facts, user, app)
)lua";

// ARGV … events…
// Answers 0 when the session is unknown. Told twice, it adds once.
constexpr std::string_view kAdd = R"lua(
local facts = redis.call('HMGET', session, 'session_id', 'agent')
if not facts[1] then return 0 end
local items = {}
for i = 7, #ARGV do items[#items + 1] = ARGV[i] end
local first = id_of(items[1] or '')
for _, item in ipairs(redis.call('LRANGE', events, -#items - 32, -1)) do
  if string.find(item, first, 1, true) and id_of(item) == first then return 1 end
end
append(items)
touch(facts)
return 1
)lua";

// ARGV id now tombstone_ms only_if_idle
// The mark that is left behind tells a turn under way that its session is gone, also one of which nothing has been
// written yet. Answers 1 when there was a session.
constexpr std::string_view kRemove = R"lua(
local session, events, index, own, lease = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local holder = redis.call('GET', lease)
if ARGV[4] == '1' and holder and not is_tombstone(holder) then return 0 end
local was_there = redis.call('DEL', session)
redis.call('DEL', events)
redis.call('ZREM', index, ARGV[1])
redis.call('ZREM', own, ARGV[1])
redis.call('SET', lease, 'deleted:' .. ARGV[2], 'PX', ARGV[3])
return was_there
)lua";

// ARGV prefix agent most_sessions share at_once now
// One step, with a look at no more than `at_once` sessions for each of its three things to do:
// - It brings the agent's own index up to date with what others have written: `P:sessions` has every session under its
//   last activity, so what is behind the mark has been seen. (When all has been, the mark is put back by a second, as
//   far as clocks may differ.) A new index, or one that was lost, begins with all. Within a second after such a
//   look the next is put off as long as both have equally many sessions beyond the mark, which then are the same as a
//   rule. What an exception hides is still beyond the mark when the second is over.
// - It drops what has long expired from `P:sessions`.
// - Over the limit, it removes the `share` sessions of this agent (and those of no agent) that were silent longest and
//   have no turn running, and drops those on the way that are gone, or another agent's now.
// Answers how many are left, and 1 when another step would find something to do.
constexpr std::string_view kMakeRoom = R"lua(
local index, own, mark = KEYS[1], KEYS[2], KEYS[3]
local prefix, agent, most, share, at_once = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local now = tonumber(ARGV[6])
local function is_there(id)
  local facts = redis.call('HMGET', prefix .. ':session:' .. id, 'session_id', 'agent')
  if not facts[1] then return false, false end
  return true, not facts[2] or facts[2] == agent
end
local function drop(from, ids)
  for i = 1, #ids, 100 do redis.call('ZREM', from, unpack(ids, i, math.min(i + 99, #ids))) end
end

local function may_wait(from)
  local since = now - (tonumber(from) or 0)
  return since >= 1 and since < 2 and
    redis.call('ZCOUNT', index, from, '+inf') == redis.call('ZCOUNT', own, from, '+inf')
end

local function catch_up()
  local from = redis.call('EXISTS', own) == 1 and redis.call('GET', mark) or '-inf'
  if may_wait(from) then return false end
  local found = redis.call('ZRANGEBYSCORE', index, from, '+inf', 'WITHSCORES', 'LIMIT', 0, at_once)
  local dead, foreign = {}, {}
  for i = 1, #found, 2 do
    local there, ours = is_there(found[i])
    if ours then
      redis.call('ZADD', own, found[i + 1], found[i])
    else
      foreign[#foreign + 1] = found[i]
      if not there then dead[#dead + 1] = found[i] end
    end
  end
  drop(index, dead)
  drop(own, foreign)
  if #found == 0 then return false end
  local last, is_behind = found[#found], #found == 2 * at_once
  if not is_behind then last = string.format('%.6f', tonumber(last) - 1) end
  redis.call('SET', mark, last == from and '(' .. last or last)
  return is_behind
end

local function drop_expired()
  local oldest, dead = redis.call('ZRANGE', index, 0, 0)[1], {}
  if not oldest or is_there(oldest) then return end
  for _, id in ipairs(redis.call('ZRANGE', index, 0, at_once - 1)) do
    if is_there(id) then break end
    dead[#dead + 1] = id
  end
  drop(index, dead)
end

local function make_room()
  local count = redis.call('ZCARD', own)
  if count <= most then return count, false end
  local gone, forgotten, looked_at = {}, 0, redis.call('ZRANGE', own, 0, at_once - 1)
  for _, id in ipairs(looked_at) do
    if count <= most and (forgotten == 0 or forgotten >= share) then break end
    local there, ours = is_there(id)
    local holder = ours and redis.call('GET', prefix .. ':lease:' .. id)
    if not holder or is_tombstone(holder) then
      if ours then
        redis.call('DEL', prefix .. ':session:' .. id, prefix .. ':events:' .. id)
        forgotten = forgotten + 1
      end
      if ours or not there then redis.call('ZREM', index, id) end
      gone[#gone + 1] = id
      count = count - 1
    end
  end
  drop(own, gone)
  return count, count > most and #gone > 0
end

local is_behind = catch_up()
drop_expired()
local left, has_more = make_room()
return {left, (is_behind or has_more) and 1 or 0}
)lua";

// ARGV lease_ms token…
// Answers 0 for each lease that is somebody else's now.
constexpr std::string_view kRenew = R"lua(
local held = {}
for i = 1, #KEYS do
  held[i] = 0
  if redis.call('GET', KEYS[i]) == ARGV[i + 1] then held[i] = redis.call('PEXPIRE', KEYS[i], ARGV[1]) end
end
return held
)lua";

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text += part;
  return text;
}

}  // namespace

std::string script_text(RedisScript script) {
  switch (script) {
    case RedisScript::open_turn:
      return joined({kTextAfter, kNewest, kTombstone, kSession, kAppend, kOpenTurn});
    case RedisScript::close_turn:
      return joined({kTextAfter, kEventId, kTombstone, kSession, kAppend, kCloseTurn});
    case RedisScript::history:
      return joined({kTextAfter, kNewest, kHistory});
    case RedisScript::create:
      return joined({kSession, kCreate});
    case RedisScript::add:
      return joined({kTextAfter, kEventId, kSession, kAppend, kAdd});
    case RedisScript::remove:
      return joined({kTombstone, kRemove});
    case RedisScript::make_room:
      return joined({kTombstone, kMakeRoom});
    case RedisScript::renew:
      return std::string(kRenew);
  }
  return {};
}

}  // namespace pais::memory
