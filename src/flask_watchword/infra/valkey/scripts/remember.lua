-- Remembers a key until a time, unless it is already remembered for longer. Refunds one attempt of
-- some limits, and resets one.
-- KEYS: the key, the limits to refund, and optionally one limit to reset.
-- ARGV: the time in microseconds, milliseconds until then, and an interval for each limit to refund.
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
