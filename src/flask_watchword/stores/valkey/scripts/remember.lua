-- Keeps a key until a moment; one that is kept for longer stays so.
-- ARGV: the moment in microseconds, and the milliseconds until it has come.
local held = tonumber(redis.call('GET', KEYS[1]) or '0')
if held < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
return false
