-- Keeps a key until a moment; one that is kept for longer stays so. Counts one try less on some
-- limits, and on one from nothing again.
-- KEYS: the key, the limit that is forgotten, the limits that are paid back.
-- ARGV: the moment in microseconds, the milliseconds until it has come, an interval for each limit.
for n = 3, #KEYS do
  if redis.call('EXISTS', KEYS[n]) == 1 then redis.call('DECRBY', KEYS[n], ARGV[n]) end
end
redis.call('DEL', KEYS[2])
local held = tonumber(redis.call('GET', KEYS[1]) or '0')
if held < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
return false
