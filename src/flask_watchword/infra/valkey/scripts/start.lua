-- Stores a new session and ends the subject's oldest beyond a limit, at most `most`. Returns those.
local _, limit, most, reason, now, access_until, leeway = unpack(ARGV, 1, 7)
local expires_at, milliseconds, index_milliseconds, id, subject = unpack(ARGV, 8, 12)

redis.call('HSET', session_key(id), unpack(ARGV, 13))
redis.call('PEXPIRE', session_key(id), milliseconds)
redis.call('ZADD', SESSIONS, expires_at, id .. ':' .. subject)
redis.call('ZADD', subject_key(subject), now, id)
if redis.call('PTTL', subject_key(subject)) < tonumber(index_milliseconds) then
  redis.call('PEXPIRE', subject_key(subject), index_milliseconds)
end

-- However many sessions the subject has, a bounded number is read from each end: first the newest,
-- which stay, then the oldest, which end.
local ended, newest, kept = {}, {}, 1
limit, most = tonumber(limit), tonumber(most)
if limit and limit > 1 then
  for _, other in ipairs(redis.call('ZREVRANGE', subject_key(subject), 0, limit + most - 1)) do
    newest[other] = true
    if other ~= id then
      local _, is_live = state(subject, other, now)
      if is_live then kept = kept + 1 end
    end
    if kept >= limit then break end
  end
end
if limit and kept >= limit then
  for _, other in ipairs(redis.call('ZRANGE', subject_key(subject), 0, most)) do
    if newest[other] or #ended >= most then break end
    local _, is_live = state(subject, other, now)
    if is_live and other ~= id then
      ended[#ended + 1] = finish(other, now, reason, access_until, leeway)
    end
  end
end
if #ended > 0 then announce() end
return ended
