#include "memory/redis_scripts.h"

#include <array>
#include <string_view>

namespace pais::memory {
namespace {

// Functions that several scripts share. They look for keys in the JSON of an event instead of decoding it: a key of the
// event cannot be confused with text inside a string, where every quote has a backslash before it. (Finding the key as
// plain text and only its value with a pattern takes a fraction of the time of one pattern for both.)
constexpr std::string_view kShared = R"lua(
local function text_after(item, key)
  local _, at = string.find(item, key, 1, true)
  while at do
    local text = string.match(item, '^%s*"([^"]*)"', at + 1)
    if text then return text end
    _, at = string.find(item, key, at + 1, true)
  end
end
local function kind_of(item) return text_after(item, '"event_type":') end
local function run_of(item) return text_after(item, '"run_id":') or '' end
local function id_of(item) return text_after(item, '"event_id":') or '' end

-- What a deletion leaves in the lease: "deleted:" and when it was, in Unix seconds.
local function is_tombstone(holder) return holder and string.sub(holder, 1, 7) == 'deleted' end
local function time_in(tombstone) return string.sub(tombstone, 9) end

-- Whether a turn is known to have begun after a deletion. `began` is '' for one that asked the Redis when it began: no
-- mark of an older deletion was in its way, so the one that is found now is younger.
local function is_after(began, deletion)
  local turn, gone = tonumber(began), tonumber(deletion)
  return turn and gone and turn > gone
end

local function is_prompt(kind) return kind == 'user_message' or kind == 'task_delegation_received' end

-- The prompts and answers of turns that have not failed, newest first, until there are `wanted` (0: all, -1: none).
-- A prompt whose run has no answer is told only if `unanswered`, since its turn may be running then. Without a run
-- there is no knowing which answer is whose: such prompts are told.
-- Also tells, of the newest 32 events, whether the run `own` is there already, and whether it has ended.
local function newest(events, wanted, own, unanswered)
  local told, answered, failed, nameless_failed = {}, {}, {}, false
  local seen, ended = false, false
  local function look_at(item)
    local kind = kind_of(item)
    local prompt = is_prompt(kind)
    if not prompt and kind ~= 'agent_response' and kind ~= 'error' then return end
    local run = run_of(item)
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
  local last = -1
  repeat
    local chunk = redis.call('LRANGE', events, last - 31, last)
    for i = #chunk, 1, -1 do
      if not has_enough() or (own ~= '' and string.find(chunk[i], own, 1, true)) then look_at(chunk[i]) end
    end
    last = last - 32
  until #chunk < 32 or has_enough()
  for i = #told, wanted + 1, -1 do
    if wanted ~= 0 then told[i] = nil end
  end
  return told, seen, ended
end

-- Creates the session if it is absent; 1 if it was.
local function create(session, id, user, app, agent, now)
  if redis.call('EXISTS', session) == 1 then return 0 end
  local facts = {'session_id', id, 'user_id', user, 'app_name', app, 'created_at', now, 'updated_at', now}
  if agent ~= '' then
    facts[11] = 'agent'
    facts[12] = agent
  end
  redis.call('HSET', session, unpack(facts))
  return 1
end

-- `created`: 1 when it has just been created, at this very time. The agent's own index has its sessions and those of
-- nobody.
local function touch(session, events, index, own, agent, id, now, score, ttl, created)
  local whose = agent
  if created ~= 1 then
    redis.call('HSET', session, 'updated_at', now)
    whose = redis.call('HGET', session, 'agent') or agent
  end
  redis.call('ZADD', index, score, id)
  if whose == agent then redis.call('ZADD', own, score, id) end
  redis.call('EXPIRE', session, ttl)
  redis.call('EXPIRE', events, ttl)
end

local function append(events, items, most)
  local length = 0
  for i = 1, #items, 100 do length = redis.call('RPUSH', events, unpack(items, i, math.min(i + 99, #items))) end
  if length > most then redis.call('LTRIM', events, -most, -1) end
end
)lua";

// ARGV id now score ttl most_events agent | token lease_ms prompt run wanted
// A turn without a token does not wait for others, nor they for it. A tombstone moves from the lease into the session.
// Answers {"open", created, newest first…}, or {"busy", ms the lease still has}.
constexpr std::string_view kOpenTurn = R"lua(
local session, events, index, own, lease = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local id, now, score, ttl, most, agent = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6]
local token, lease_ms, prompt, run, wanted = ARGV[7], ARGV[8], ARGV[9], ARGV[10], tonumber(ARGV[11])
local holder = redis.call('GET', lease)
if token ~= '' and holder and holder ~= token and not is_tombstone(holder) then
  return {'busy', redis.call('PTTL', lease)}
end
local told, seen, ended = newest(events, wanted, run, token == '')
local answer = {'open', 0}
for i = 1, #told do answer[i + 2] = told[i] end
if ended then return answer end
if token ~= '' then
  redis.call('SET', lease, token, 'PX', lease_ms)
elseif is_tombstone(holder) then
  redis.call('DEL', lease)
end
answer[2] = create(session, id, 'user', 'agent', agent, now)
if is_tombstone(holder) then redis.call('HSET', session, 'deleted_at', time_in(holder)) end
if not seen then append(events, {prompt}, most) end
touch(session, events, index, own, agent, id, now, score, ttl, answer[2])
return answer
)lua";

// ARGV id now score ttl most_events agent | token began prompt events…
// Without events it only sees to it that the prompt is there.
// The usual case is the first: the turn has the lease, so its prompt is there and its end is not. Otherwise the prompt
// tells: where it is missing, either the session was deleted while the turn ran, and its mark says so, or the Redis has
// lost it, and the turn is written whole.
// Answers "closed" or "dropped".
constexpr std::string_view kCloseTurn = R"lua(
local session, events, index, own, lease = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local id, now, score, ttl, most, agent = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6]
local token, began, prompt = ARGV[7], ARGV[8], ARGV[9]
local items = {}
for i = 10, #ARGV do items[#items + 1] = ARGV[i] end
local holder = redis.call('GET', lease)
local mine = token ~= '' and holder == token
local created = 0
if is_tombstone(holder) and not is_after(began, time_in(holder)) then return 'dropped' end
if not mine or redis.call('EXISTS', session) == 0 then
  local there = {}
  for _, item in ipairs(redis.call('LRANGE', events, 0, -1)) do there[id_of(item)] = true end
  if not there[id_of(prompt)] then
    local deleted_at = redis.call('HGET', session, 'deleted_at')
    if deleted_at and not is_after(began, deleted_at) then return 'dropped' end
    table.insert(items, 1, prompt)
  end
  local new = {}
  for _, item in ipairs(items) do
    if not there[id_of(item)] then new[#new + 1] = item end
  end
  items = new
  created = create(session, id, 'user', 'agent', agent, now)
end
append(events, items, most)
touch(session, events, index, own, agent, id, now, score, ttl, created)
if mine then redis.call('DEL', lease) end
return 'closed'
)lua";

// ARGV wanted
constexpr std::string_view kHistory = R"lua(
local told = newest(KEYS[1], tonumber(ARGV[1]), '', false)
return told
)lua";

// ARGV id now score ttl most_events agent | user app replace
// Answers 1 when the session is new.
constexpr std::string_view kCreate = R"lua(
local session, events, index, own = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local id, now, score, ttl, agent = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[6]
local user, app, replace = ARGV[7], ARGV[8], ARGV[9]
if replace == '1' then
  local was_there = redis.call('DEL', session)
  redis.call('DEL', events)
  touch(session, events, index, own, agent, id, now, score, ttl, create(session, id, user, app, agent, now))
  return 1 - was_there
end
local created = create(session, id, user, app, agent, now)
if created == 1 then touch(session, events, index, own, agent, id, now, score, ttl, created) end
return created
)lua";

// ARGV id now score ttl most_events agent | events…
// Answers 0 when the session is unknown. Told twice, it adds once.
constexpr std::string_view kAdd = R"lua(
local session, events, index, own = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local id, now, score, ttl, most, agent = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6]
if redis.call('EXISTS', session) == 0 then return 0 end
local items = {}
for i = 7, #ARGV do items[#items + 1] = ARGV[i] end
for _, item in ipairs(redis.call('LRANGE', events, -#items - 32, -1)) do
  if id_of(item) == id_of(items[1] or '') then return 1 end
end
append(events, items, most)
touch(session, events, index, own, agent, id, now, score, ttl)
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

// ARGV prefix agent most_sessions share at_once
// One step, with a look at no more than `at_once` sessions for each of its three things to do:
// - It brings the agent's own index up to date with what others have written: `P:sessions` has every session under its
//   last activity, so what is behind the mark has been seen. (When all has been, the mark is put back by a second, as
//   far as clocks may differ.) A new index, or one that was lost, begins with all.
// - It drops what has long expired from `P:sessions`.
// - Over the limit, it removes the `share` sessions of this agent (and those of no agent) that were silent longest and
//   have no turn running, and drops those on the way that are gone, or another agent's now.
// Answers how many are left, and 1 when another step would find something to do.
constexpr std::string_view kMakeRoom = R"lua(
local index, own, mark = KEYS[1], KEYS[2], KEYS[3]
local prefix, agent, most, share, at_once = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local function is_there(id)
  local facts = redis.call('HMGET', prefix .. ':session:' .. id, 'session_id', 'agent')
  if not facts[1] then return false, false end
  return true, not facts[2] or facts[2] == agent
end
local function drop(from, ids)
  for i = 1, #ids, 100 do redis.call('ZREM', from, unpack(ids, i, math.min(i + 99, #ids))) end
end

local function catch_up()
  local from = redis.call('EXISTS', own) == 1 and redis.call('GET', mark) or '-inf'
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
  local dead = {}
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

constexpr std::array<std::string_view, kRedisScripts> kScripts = {kOpenTurn, kCloseTurn, kHistory,  kCreate,
                                                                  kAdd,      kRemove,    kMakeRoom, kRenew};

}  // namespace

std::string script_text(RedisScript script) {
  return std::string(kShared) + std::string(kScripts.at(static_cast<std::size_t>(script)));
}

}  // namespace pais::memory
