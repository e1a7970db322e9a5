-- recover: announces conversations that Redis does not know; of those that it knows only what was lost is mended.
-- ARGV   as announce
local ready = 0
for i = 1, #ARGV, 6 do
  local conv, tenant, account, wait = ARGV[i], ARGV[i + 1], ARGV[i + 2], tonumber(ARGV[i + 4])
  local key = P .. 'lane:' .. conv
  if not redis.call('HGET', key, 'st') then
    redis.call('HSET', key, 'n', ARGV[i + 3])
    if ARGV[i + 5] ~= '' then redis.call('HSET', key, 'sc', ARGV[i + 5]) end
    if wait > 0 then
      redis.call('HSET', key, 'st', 'W', 'tn', tenant, 'ac', account)
      redis.call('ZADD', P .. 'due', now + wait, 'l:' .. conv)
    else
      make_ready(conv, tenant, account)
      ready = ready + 1
    end
  else
    mend(conv, tenant, account)
  end
end
return ready
