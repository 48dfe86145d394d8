-- Counts one attempt against every limit, or against none. Returns 0, or the microseconds until every
-- limit has room, and 1 if the first key is remembered.
-- KEYS: the key of a trusted address, then the limits. ARGV: now, and how many limits count for a
-- trusted address as well, then an interval and a depth for each limit, all times in microseconds,
-- which a double represents exactly up to the year 2255.
local now = tonumber(ARGV[1])
local trusted = tonumber(redis.call('GET', KEYS[1]) or '0') > now
local limits = trusted and tonumber(ARGV[2]) or #KEYS - 1
local wait, values = 0, {}
for n = 1, limits do
  local interval, depth = tonumber(ARGV[2 * n + 1]), tonumber(ARGV[2 * n + 2])
  local held = tonumber(redis.call('GET', KEYS[n + 1]) or now)
  values[n] = math.max(held, now) + interval
  wait = math.max(wait, values[n] - depth - now)
end
if wait > 0 then return {string.format('%.0f', wait), trusted and '1' or '0'} end
for n = 1, limits do
  local milliseconds = math.ceil((values[n] - now) / 1000) + 1000
  local value, expiry = string.format('%.0f', values[n]), string.format('%.0f', milliseconds)
  redis.call('SET', KEYS[n + 1], value, 'PX', expiry)
end
return {'0', trusted and '1' or '0'}
