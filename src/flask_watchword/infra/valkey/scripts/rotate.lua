-- The compare-and-swap of the generation. Returns the changed session, or nothing.
local key, sessions = KEYS[1], KEYS[2]
local generation, now, idle_until, unused_until, leeway, rotation = unpack(ARGV, 1, 6)
local shown_before, address, agent = unpack(ARGV, 7, 9)

local held, held_rotation, held_idle_until, ends_at, ended_at, id, subject, used_at = unpack(
  redis.call('HMGET', key, 'generation', 'rotation', 'idle_until', 'ends_at', 'ended_at',
    'id', 'subject', 'rotated_at'))
if not held or ended_at or tonumber(now) >= tonumber(held_idle_until) then
  return false
end
if held ~= generation then
  -- A client that repeats a command because its answer was lost sends the same `rotation`. It gets
  -- the same answer: treating it as a second use would end the session.
  return held_rotation == rotation and stored(key)
end

redis.call('HSET', key, 'rotation', rotation, 'rotated_at', now,
  'idle_until', earlier(idle_until, ends_at), 'used_address', address, 'used_agent', agent)
if tonumber(used_at) < tonumber(shown_before) then
  redis.call('HSET', key, 'shown_use_at', used_at)
end
redis.call('HINCRBY', key, 'generation', 1)
local expires_at = earlier(unused_until, ends_at) + leeway
redis.call('PEXPIRE', key, string.format('%.0f', math.ceil((expires_at - now) * 1000)))
redis.call('ZADD', sessions, string.format('%.17g', expires_at), id .. ':' .. subject)
return stored(key)
