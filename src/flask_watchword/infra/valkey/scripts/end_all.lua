-- Ends the sessions of a subject but one, and logs the subject where it is told until when. Ended
-- are also those whose tokens are accepted for a leeway past their end.
-- Looks at so many of the subject's sessions from a place on. Returns those that were ended, and
-- the place to go on from, -1 behind the last.
local _, subject, now, reason, access_until, leeway, keep, revoked_at, subject_until =
  unpack(ARGV, 1, 9)
local place, most = tonumber(ARGV[10]), tonumber(ARGV[11])

local ids = redis.call('ZRANGE', subject_key(subject), place, place + most - 1)
local ended = {}
for _, id in ipairs(ids) do
  local is_there, lives = state(subject, id, now - leeway)
  if lives and id ~= keep then
    ended[#ended + 1] = finish(id, now, reason, access_until, leeway)
  elseif is_there then
    place = place + 1
  end
end
if #ids < most then place = -1 end
if subject_until ~= '' then
  append('subject', subject, revoked_at, subject_until)
end
if #ended > 0 or subject_until ~= '' then announce() end
return {ended, place}
