-- Deletes expired sessions and log entries. Returns how many.
local _, now, limit = unpack(ARGV)

local sessions = redis.call('ZRANGEBYSCORE', SESSIONS, '-inf', now, 'LIMIT', 0, limit)
for _, member in ipairs(sessions) do
  local id, subject = string.match(member, '^([^:]*):(.*)$')
  redis.call('DEL', session_key(id))
  redis.call('ZREM', subject_key(subject), id)
  redis.call('ZREM', SESSIONS, member)
end

local members = redis.call('ZRANGEBYSCORE', ENDS, '-inf', now, 'LIMIT', 0, limit)
for _, member in ipairs(members) do
  redis.call('HDEL', ENTRIES, member)
  redis.call('ZREM', ORDER, member)
  redis.call('ZREM', ENDS, member)
end
return #sessions + #members
