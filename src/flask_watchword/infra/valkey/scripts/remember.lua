-- Keeps a key until a moment; one that is kept for longer stays so. Counts one try less on some
-- limits, and on one from nothing again.
-- KEYS: the key, the limits that are paid back, and perhaps one that is forgotten.
-- ARGV: the moment in microseconds, the milliseconds until it has come, an interval for each limit
-- that is paid back.
for n = 2, #KEYS do
  local interval = ARGV[n + 1]
  if not interval then
    redis.call('DEL', KEYS[n])
  elseif redis.call('EXISTS', KEYS[n]) == 1 then
    redis.call('DECRBY', KEYS[n], interval)
  end
end
local held = tonumber(redis.call('GET', KEYS[1]) or '0')
if held < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
return false
