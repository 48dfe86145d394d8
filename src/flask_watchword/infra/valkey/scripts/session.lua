-- What a session looks like. FIELDS is put in front of this by the program.

local function stored(key)
  return redis.call('HMGET', key, unpack(FIELDS))
end

-- Moments stay the strings that they came as.
local function earlier(one, other)
  return tonumber(one) < tonumber(other) and one or other
end

local function later(one, other)
  return tonumber(one) > tonumber(other) and one or other
end
