-- Returns a page of the log: its epoch, the start of that epoch, the position of the next page,
-- whether there may be one, and the entries.
local _, after, page, now, new_epoch = unpack(ARGV)

local epoch, since, last = unpack(redis.call('HMGET', ENTRIES, 'epoch', 'since', 'last'))
local count = redis.call('HLEN', ENTRIES) - (epoch and 2 or 0) - (last and 1 or 0)
if count ~= redis.call('ZCARD', ORDER) or count ~= redis.call('ZCARD', ENDS) then
  -- A part was evicted or deleted. A partial log is discarded: with it, revoked tokens would count
  -- as valid.
  redis.call('DEL', ORDER, ENTRIES, ENDS)
  epoch, last = nil, nil
end
last = last or '0'
if not epoch or tonumber(after) > tonumber(last) then
  -- The log was wiped, or the reader has read entries that no longer exist.
  epoch, since = new_epoch, now
  last = string.format('%.0f', math.max(microseconds(), tonumber(last), tonumber(after)))
  after = '0'
  redis.call('HDEL', ENTRIES, 'epoch') -- allocates no memory: see `append`
  redis.call('HSET', ENTRIES, 'epoch', epoch, 'since', since, 'last', last)
end

local members = redis.call('ZRANGEBYSCORE', ORDER, '(' .. after, '+inf', 'LIMIT', 0, page)
if #members == 0 then
  return {epoch, since, last, 0, {}, {}}
end
local entries = redis.call('HMGET', ENTRIES, unpack(members))
if #members < tonumber(page) then
  return {epoch, since, last, 0, members, entries}
end
return {epoch, since, redis.call('ZSCORE', ORDER, members[#members]), 1, members, entries}
