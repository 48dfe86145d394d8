-- Keeps a new session and ends the subject's oldest beyond a limit, so many at most. Returns those.
local _, limit, most, reason, now, access_until, leeway = unpack(ARGV, 1, 7)
local gone_at, milliseconds, index_milliseconds, id, subject = unpack(ARGV, 8, 12)

redis.call('HSET', session_key(id), unpack(ARGV, 13))
redis.call('PEXPIRE', session_key(id), milliseconds)
redis.call('ZADD', SESSIONS, gone_at, id .. ':' .. subject)
redis.call('ZADD', subject_key(subject), now, id)
if redis.call('PTTL', subject_key(subject)) < tonumber(index_milliseconds) then
  redis.call('PEXPIRE', subject_key(subject), index_milliseconds)
end

local ended = {}
if limit ~= '' then
  local ids = live(subject, now)
  local surplus = math.min(#ids - tonumber(limit), tonumber(most))
  for _, other in ipairs(ids) do
    if #ended >= surplus then break end
    if other ~= id then
      ended[#ended + 1] = finish(other, now, reason, access_until, leeway)
    end
  end
end
if #ended > 0 then announce() end
return ended
