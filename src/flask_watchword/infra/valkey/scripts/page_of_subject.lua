-- Returns at most `limit` live sessions of a subject, the newest login first, after the session `after`.
local _, subject, now, after, limit = unpack(ARGV)
limit = tonumber(limit)

local latest = '+inf'
if after ~= '' then
  local of, started_at = unpack(redis.call('HMGET', session_key(after), 'subject', 'started_at'))
  if of ~= subject then return {} end
  latest = started_at
end

local sessions, offset, full = {}, 0, true
while full and #sessions < limit do
  local found = redis.call('ZREVRANGEBYSCORE', subject_key(subject), latest, '-inf',
    'WITHSCORES', 'LIMIT', offset, limit)
  for n = 1, #found, 2 do
    local id = found[n]
    local exists, is_live = state(subject, id, now)
    if exists then offset = offset + 1 end
    -- Of several logins at the same time the later ids come first.
    local is_earlier = tonumber(found[n + 1]) ~= tonumber(latest) or id < after
    if is_live and is_earlier and #sessions < limit then
      sessions[#sessions + 1] = stored(session_key(id))
    end
  end
  full = #found == 2 * limit
end
return sessions
