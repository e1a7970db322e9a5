-- recover: announces conversations that Redis does not know; of those that it knows only what was lost is mended.
-- ARGV   as announce
local ready = 0
for i = 1, #ARGV, 5 do
  local conv, tenant, account, open, wait = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], tonumber(ARGV[i + 4])
  if redis.call('HGET', P .. 'lane:' .. conv, 'st') then
    mend(conv, tenant, account)
  elseif wait > 0 then
    make_waiting(conv, tenant, account, open, wait)
  else
    make_ready(conv, tenant, account, open)
    ready = ready + 1
  end
end
return ready
