-- The compare-and-swap. Returns the session as it is afterwards, or nothing.
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
  -- A client that sends a command again because its answer was lost sends the same `rotation`.
  -- It gets the answer it would have got; to take it for a second use would end the session.
  return held_rotation == rotation and stored(key)
end

redis.call('HSET', key, 'rotation', rotation, 'rotated_at', now,
  'idle_until', earlier(idle_until, ends_at), 'used_address', address, 'used_agent', agent)
if tonumber(used_at) < tonumber(shown_before) then
  redis.call('HSET', key, 'shown_use_at', used_at)
end
redis.call('HINCRBY', key, 'generation', 1)
local gone_at = earlier(unused_until, ends_at) + leeway
redis.call('PEXPIRE', key, string.format('%.0f', math.ceil((gone_at - now) * 1000)))
redis.call('ZADD', sessions, string.format('%.17g', gone_at), id .. ':' .. subject)
return stored(key)
