-- announce: conversations have something to send.
-- ARGV   for each: conversation, tenant, account, number of deliveries, ms to wait before the head may be sent,
--        its narrower limits or ''
-- returns the number of conversations that became ready
local ready = 0
for i = 1, #ARGV, 6 do
  local conv, tenant, account, wait = ARGV[i], ARGV[i + 1], ARGV[i + 2], tonumber(ARGV[i + 4])
  local key = P .. 'lane:' .. conv
  redis.call('HINCRBY', key, 'n', ARGV[i + 3])
  if ARGV[i + 5] ~= '' then redis.call('HSET', key, 'sc', ARGV[i + 5]) end
  if not redis.call('HGET', key, 'st') then
    if wait > 0 then
      redis.call('HSET', key, 'st', 'W', 'tn', tenant, 'ac', account)
      redis.call('ZADD', P .. 'due', now + wait, 'l:' .. conv)
    else
      make_ready(conv, tenant, account)
      ready = ready + 1
    end
  end
end
return ready
