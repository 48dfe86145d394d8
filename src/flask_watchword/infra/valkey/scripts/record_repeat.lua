-- Notes that the current generation was handed out again, once for each of two devices. Returns the
-- session as it is afterwards, or nothing where it was noted before or another one is current.
-- ARGV: the generation; where it was handed out elsewhere, also when and to which address and agent.
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
  if tonumber(repeated or 0) >= number then return false end
  redis.call('HSET', key, 'repeated', generation)
  return stored(key)
end
local last = tonumber(elsewhere or 0)
if last >= number then return false end
local count = last == number - 1 and tonumber(in_a_row or 0) + 1 or 1
redis.call('HSET', key, 'repeated_elsewhere', generation,
  'elsewhere_in_a_row', string.format('%.0f', count),
  'elsewhere_at', now, 'elsewhere_address', address, 'elsewhere_agent', agent)
return stored(key)
