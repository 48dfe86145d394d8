-- Ends one session. Returns it, or nothing where there is none or it was ended before.
local _, id, now, reason, access_until, leeway = unpack(ARGV)

local known, ended_at = unpack(redis.call('HMGET', session_key(id), 'id', 'ended_at'))
if not known or ended_at then
  return false
end
local session = finish(id, now, reason, access_until, leeway)
announce()
return session
