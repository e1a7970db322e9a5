-- wake: makes lanes ready that are idle; those at work or waiting are left to their own release or to the reaper.
-- ARGV   for each lane: conversation, tenant
-- returns the number of lanes that became ready
local woken = 0
for i = 1, #ARGV, 2 do
  local conv, tenant = ARGV[i], ARGV[i + 1]
  if not redis.call('HGET', P .. 'lane:' .. conv, 'st') then
    make_ready(tenant, conv)
    woken = woken + 1
  elseif not redis.call('ZSCORE', P .. 'due', conv) then
    -- The reaper cannot see a lane whose instant was lost.
    redis.call('ZADD', P .. 'due', now + READY_MS, conv)
  end
end
return woken
