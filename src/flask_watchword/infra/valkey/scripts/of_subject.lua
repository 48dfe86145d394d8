-- Returns the sessions of a subject that are not over.
local _, subject, now = unpack(ARGV)

local sessions = {}
for _, id in ipairs(live(subject, now)) do
  sessions[#sessions + 1] = stored(session_key(id))
end
return sessions
