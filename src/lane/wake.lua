-- wake: makes lanes ready that are idle; those at work or waiting are left to their own release or to the reaper.
-- ARGV   for each lane: conversation, tenant
-- returns the number of lanes that became ready
local woken = 0
for i = 1, #ARGV, 2 do
  if not redis.call('HGET', P .. 'lane:' .. ARGV[i], 'st') then
    make_ready(ARGV[i + 1], ARGV[i])
    woken = woken + 1
  end
end
return woken
