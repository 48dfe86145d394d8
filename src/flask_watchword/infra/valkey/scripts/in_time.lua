-- Does nothing for a command whose client waits for the answer no more: a server that was frozen
-- finds it in its buffer. The last argument is the deadline, and the clock is the answer instead.
do
  local now = microseconds()
  if now > tonumber(table.remove(ARGV)) then return now end
end
