-- recover: announces conversations that Redis does not know; of those that it knows only what was lost is mended.
-- ARGV   as announce
local ready = 0
for i = 1, #ARGV, 6 do
  local conv, tenant, account, open, wait = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], tonumber(ARGV[i + 4])
  local key = P .. 'lane:' .. conv
  if redis.call('HGET', key, 'st') then
    mend(conv, tenant, account)
  else
    if ARGV[i + 5] ~= '' then redis.call('HSET', key, 'sc', ARGV[i + 5]) end
    if wait > 0 then
      make_waiting(conv, tenant, account, open, wait)
    else
      make_ready(conv, tenant, account, open)
      ready = ready + 1
    end
  end
end
return ready
