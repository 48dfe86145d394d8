-- Ends the sessions of a subject except one, and logs the subject if `subject_until` is given. This
-- includes expired sessions whose tokens are still accepted because of the leeway.
-- Processes at most `most` sessions of the subject from a position on. If there are more, one entry is
-- logged for all of them that are old enough; `logged` is the time of the entry that an earlier step has
-- logged. Returns the ended sessions, the position to continue from, or -1 after the last, and `logged`.
local _, subject, now, reason, access_until, leeway, keep, revoked_at, subject_until =
  unpack(ARGV, 1, 9)
local before, before_until, position, most, logged = unpack(ARGV, 10)
position, most = tonumber(position), tonumber(most)

local ids = redis.call('ZRANGE', subject_key(subject), position, position + most - 1)
local known = redis.call('HGET', ENTRIES, 'sessions:' .. subject)
if not known or string.match(known, '^%S+') ~= logged then
  -- Nothing was logged, or something newer, which may except a session of this step.
  logged = ''
end
if logged == '' and #ids >= most then
  local is_kept = false
  if keep ~= '' then
    _, is_kept = state(subject, keep, now - leeway)
  end
  if is_kept and known then
    -- As `append` does: the two entries have one time.
    before = later(before, string.format('%.17g', string.match(known, '^%S+') + 0.000001))
  end
  -- First, so that no process knows the second without it.
  if is_kept then append('kept', keep, before, before_until) end
  logged = append('sessions', subject, before, before_until)
end

local ended = {}
for _, id in ipairs(ids) do
  local exists, is_live = state(subject, id, now - leeway)
  if is_live and id ~= keep then
    ended[#ended + 1] = finish(id, now, reason, access_until, leeway, logged ~= '' and logged)
  elseif exists then
    position = position + 1
  end
end
if #ids < most then position = -1 end
if subject_until ~= '' then
  append('subject', subject, revoked_at, subject_until)
end
if #ended > 0 or subject_until ~= '' then announce() end
return {ended, position, logged}
