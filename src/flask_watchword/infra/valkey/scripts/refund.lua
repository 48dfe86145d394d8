-- Counts one attempt less against every limit. KEYS: the limits. ARGV: an interval for each.
for n, key in ipairs(KEYS) do
  if redis.call('EXISTS', key) == 1 then redis.call('DECRBY', key, ARGV[n]) end
end
return false
