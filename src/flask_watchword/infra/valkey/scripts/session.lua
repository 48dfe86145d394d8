-- Reading a session. Python defines FIELDS in front of this.

local function stored(key)
  return redis.call('HMGET', key, unpack(FIELDS))
end

-- Times stay the strings that they were passed as.
local function earlier(one, other)
  return tonumber(one) < tonumber(other) and one or other
end

local function later(one, other)
  return tonumber(one) > tonumber(other) and one or other
end
