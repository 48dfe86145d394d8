-- Returns the live sessions of a subject.
local _, subject, now = unpack(ARGV)

local sessions = {}
for _, id in ipairs(live(subject, now)) do
  sessions[#sessions + 1] = stored(session_key(id))
end
return sessions
