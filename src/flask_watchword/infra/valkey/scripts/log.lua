-- The revocation log, and functions that end sessions.
-- Keys of sessions and subjects are built here. They contain the hash tag of the prefix, so they are
-- in the slot that the script was sent to.

local ORDER, ENTRIES, ENDS, SESSIONS = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local PREFIX = ARGV[1]

local function session_key(id)
  return PREFIX .. 'session:' .. id
end

local function subject_key(subject)
  return PREFIX .. 'subject:' .. subject
end

-- Entries are numbered by time, not from 1: if a restart or a failover loses the newest entries, the
-- next ones get numbers that no follower has already read past.
--
-- A server that is out of memory rejects a script only if its first writing command may allocate
-- memory. So `append` begins with one that does not: revoking has to work then, too.
--
-- Returns the time of the entry: each of a subject, and each for all of its sessions, is later than the
-- one before (see `later_than`).
local function append(kind, value, moment, until_)
  local member = kind .. ':' .. value
  redis.call('ZREM', ORDER, member)
  local known = redis.call('HGET', ENTRIES, member)
  if known then
    local known_moment, known_until = string.match(known, '^(%S+) (%S+)$')
    if (kind == 'subject' or kind == 'sessions') and tonumber(moment) <= tonumber(known_moment) then
      moment = string.format('%.17g', known_moment + 0.000001)
    end
    moment, until_ = later(known_moment, moment), later(known_until, until_)
  end
  local last = redis.call('HGET', ENTRIES, 'last') or 0
  local number = string.format('%.0f', math.max(microseconds(), last + 1))
  redis.call('HSET', ENTRIES, 'last', number, member, moment .. ' ' .. until_)
  redis.call('ZADD', ORDER, number, member)
  redis.call('ZADD', ENDS, until_, member)
  return moment
end

local function announce()
  redis.call('PUBLISH', PREFIX .. 'changed', '')
end

-- Returns whether a session of a subject exists, and whether it is live.
local function state(subject, id, now)
  local idle_until, ended_at = unpack(
    redis.call('HMGET', session_key(id), 'idle_until', 'ended_at'))
  if not idle_until then
    redis.call('ZREM', subject_key(subject), id)
    return false, false
  end
  return true, not ended_at and tonumber(now) < tonumber(idle_until)
end

-- Returns the ids of the live sessions of a subject, the oldest first.
local function live(subject, now)
  local ids = {}
  for _, id in ipairs(redis.call('ZRANGE', subject_key(subject), 0, -1)) do
    local _, is_live = state(subject, id, now)
    if is_live then ids[#ids + 1] = id end
  end
  return ids
end

-- Ends a session that has not ended, and logs that, unless an entry for all sessions that started before
-- a time says so. Returns the session.
local function finish(id, now, reason, access_until, leeway, before)
  local key = session_key(id)
  local subject, idle_until, ends_at, started_at = unpack(
    redis.call('HMGET', key, 'subject', 'idle_until', 'ends_at', 'started_at'))
  redis.call('ZREM', subject_key(subject), id)
  redis.call('HSET', key, 'ended_at', now, 'end_reason', reason)
  if not before or math.floor(started_at) >= tonumber(before) then
    local until_ = later(idle_until, earlier(access_until, ends_at)) + leeway
    append('session', id, now, string.format('%.17g', until_))
  end
  return stored(key)
end
