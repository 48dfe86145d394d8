-- The log of revocations, and ending sessions.
-- The keys of single sessions and subjects are made here from what is found; they carry the hash
-- tag of the prefix, so they are in the slot that the script was sent to.

local ORDER, ENTRIES, ENDS, SESSIONS = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local PREFIX = ARGV[1]

local function session_key(id)
  return PREFIX .. 'session:' .. id
end

local function subject_key(subject)
  return PREFIX .. 'subject:' .. subject
end

-- Entries are numbered by the time, not from 1: should the newest of them be lost, by a restart
-- or a failover, then what comes after has numbers that no follower has read past.
--
-- A server that is full refuses a script's first writing command if it may take memory, and no
-- later one. What revokes begins with one that takes none: it has to work then, too.
local function append(kind, value, moment, until_)
  local member = kind .. ':' .. value
  redis.call('ZREM', ORDER, member)
  local known = redis.call('HGET', ENTRIES, member)
  if known then
    local known_moment, known_until = string.match(known, '^(%S+) (%S+)$')
    if kind == 'subject' and tonumber(moment) <= tonumber(known_moment) then
      -- Each is later than the one before: see `later_than`.
      moment = string.format('%.17g', known_moment + 0.000001)
    end
    moment, until_ = later(known_moment, moment), later(known_until, until_)
  end
  local last = redis.call('HGET', ENTRIES, 'last') or 0
  local number = string.format('%.0f', math.max(microseconds(), last + 1))
  redis.call('HSET', ENTRIES, 'last', number, member, moment .. ' ' .. until_)
  redis.call('ZADD', ORDER, number, member)
  redis.call('ZADD', ENDS, until_, member)
end

local function announce()
  redis.call('PUBLISH', PREFIX .. 'changed', '')
end

-- Tells whether a session of a subject is there still, and whether it is not over.
local function state(subject, id, now)
  local idle_until, ended_at = unpack(
    redis.call('HMGET', session_key(id), 'idle_until', 'ended_at'))
  if not idle_until then
    redis.call('ZREM', subject_key(subject), id)
    return false, false
  end
  return true, not ended_at and tonumber(now) < tonumber(idle_until)
end

-- Returns the ids of the sessions of a subject that are not over, the oldest first.
local function live(subject, now)
  local ids = {}
  for _, id in ipairs(redis.call('ZRANGE', subject_key(subject), 0, -1)) do
    local _, lives = state(subject, id, now)
    if lives then ids[#ids + 1] = id end
  end
  return ids
end

-- Ends a session that was not ended before, and logs it. Returns the session.
local function finish(id, now, reason, access_until, leeway)
  local key = session_key(id)
  local subject, idle_until, ends_at = unpack(
    redis.call('HMGET', key, 'subject', 'idle_until', 'ends_at'))
  redis.call('ZREM', subject_key(subject), id)
  redis.call('HSET', key, 'ended_at', now, 'end_reason', reason)
  local until_ = later(idle_until, earlier(access_until, ends_at)) + leeway
  append('session', id, now, string.format('%.17g', until_))
  return stored(key)
end
