-- Ends every session of a subject but one; logs the subject where it is told until when.
-- Ended are also those whose tokens are accepted for a leeway past their end.
local _, subject, now, reason, access_until, leeway, keep, subject_until = unpack(ARGV)

local ended = {}
for _, id in ipairs(live(subject, now - leeway)) do
  if id ~= keep then
    ended[#ended + 1] = finish(id, now, reason, access_until, leeway)
  end
end
if subject_until ~= '' then
  append('subject', subject, now, subject_until)
end
if #ended > 0 or subject_until ~= '' then announce() end
return ended
