-- Ends the sessions of a subject except one, and logs the subject if `subject_until` is given. This
-- includes expired sessions whose tokens are still accepted because of the leeway.
-- Processes at most `most` sessions of the subject from a position on. Returns the ended sessions
-- and the position to continue from, or -1 after the last.
local _, subject, now, reason, access_until, leeway, keep, revoked_at, subject_until =
  unpack(ARGV, 1, 9)
local position, most = tonumber(ARGV[10]), tonumber(ARGV[11])

local ids = redis.call('ZRANGE', subject_key(subject), position, position + most - 1)
local ended = {}
for _, id in ipairs(ids) do
  local exists, is_live = state(subject, id, now - leeway)
  if is_live and id ~= keep then
    ended[#ended + 1] = finish(id, now, reason, access_until, leeway)
  elseif exists then
    position = position + 1
  end
end
if #ids < most then position = -1 end
if subject_until ~= '' then
  append('subject', subject, revoked_at, subject_until)
end
if #ended > 0 or subject_until ~= '' then announce() end
return {ended, position}
