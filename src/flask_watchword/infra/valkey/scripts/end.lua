-- Ends one session. Returns it, or nothing if it does not exist or has already ended.
local _, id, now, reason, access_until, leeway = unpack(ARGV)

local exists, ended_at = unpack(redis.call('HMGET', session_key(id), 'id', 'ended_at'))
if not exists or ended_at then
  return false
end
local session = finish(id, now, reason, access_until, leeway)
announce()
return session
