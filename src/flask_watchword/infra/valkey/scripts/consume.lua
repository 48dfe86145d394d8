-- Counts one attempt against every limit, or against none. Returns 0, or the microseconds until every
-- limit has room.
-- KEYS: the limits. ARGV: now, then an interval and a depth for each key, all in microseconds,
-- which a double represents exactly up to the year 2255.
local now = tonumber(ARGV[1])
local wait, values = 0, {}
for n, key in ipairs(KEYS) do
  local interval, depth = tonumber(ARGV[2 * n]), tonumber(ARGV[2 * n + 1])
  local held = tonumber(redis.call('GET', key) or now)
  values[n] = math.max(held, now) + interval
  wait = math.max(wait, values[n] - depth - now)
end
if wait > 0 then return string.format('%.0f', wait) end
for n, key in ipairs(KEYS) do
  local milliseconds = math.ceil((values[n] - now) / 1000) + 1000
  redis.call('SET', key, string.format('%.0f', values[n]), 'PX', string.format('%.0f', milliseconds))
end
return '0'
