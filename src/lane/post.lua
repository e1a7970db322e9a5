-- post: puts committed events into their mailboxes and makes idle lanes ready.
-- ARGV   mailbox limit, then for each event: conversation, tenant, "<id>|<event>"
-- returns the number of lanes that became ready
local woken = 0
local limit = tonumber(ARGV[1])
for i = 2, #ARGV, 3 do
  local conv, tenant, entry = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  if redis.call('LLEN', P .. 'mail:' .. conv) >= limit then
    redis.call('HINCRBY', P .. 'lane:' .. conv, 'more', 1)
  else
    redis.call('RPUSH', P .. 'mail:' .. conv, entry)
  end
  if not redis.call('HGET', P .. 'lane:' .. conv, 'st') then
    make_ready(tenant, conv)
    woken = woken + 1
  end
end
return woken
