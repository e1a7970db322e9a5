-- announce: conversations have something to send.
-- ARGV   for each: conversation, tenant, account, number of deliveries, ms to wait before the head may be sent,
--        its narrower limits or ''
-- returns the number of conversations that became ready
local ready = 0
for i = 1, #ARGV, 6 do
  local conv, tenant, account, more, wait = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], tonumber(ARGV[i + 4])
  local key = P .. 'lane:' .. conv
  if redis.call('HGET', key, 'st') then
    redis.call('HINCRBY', key, 'n', more)
  elseif wait > 0 then
    make_waiting(conv, tenant, account, more, wait)
  else
    make_ready(conv, tenant, account, more)
    ready = ready + 1
  end
  if ARGV[i + 5] ~= '' then redis.call('HSET', key, 'sc', ARGV[i + 5]) end
end
return ready
