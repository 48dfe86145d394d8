-- Records that the current generation was issued again, once to the same device and once elsewhere.
-- Returns the changed session, or nothing if this was recorded before or the generation is not current.
-- ARGV: the generation; if it was issued elsewhere, also the time, the address and the user agent.
local key = KEYS[1]
local generation, now, address, agent = unpack(ARGV)

local held, ended_at, repeated, elsewhere, in_a_row = unpack(
  redis.call('HMGET', key, 'generation', 'ended_at', 'repeated', 'repeated_elsewhere',
    'elsewhere_in_a_row'))
if held ~= generation or ended_at then
  return false
end
local number = tonumber(generation)
if not now then
  if tonumber(repeated) >= number then return false end
  redis.call('HSET', key, 'repeated', generation)
  return stored(key)
end
local last = tonumber(elsewhere)
if last >= number then return false end
local count = last == number - 1 and tonumber(in_a_row) + 1 or 1
redis.call('HSET', key, 'repeated_elsewhere', generation,
  'elsewhere_in_a_row', string.format('%.0f', count),
  'elsewhere_at', now, 'elsewhere_address', address, 'elsewhere_agent', agent)
return stored(key)
