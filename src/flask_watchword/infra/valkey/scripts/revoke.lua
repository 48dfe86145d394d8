-- Logs one revocation.
local _, kind, value, moment, until_ = unpack(ARGV)

append(kind, value, moment, until_)
announce()
