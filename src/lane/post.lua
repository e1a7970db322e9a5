-- post: puts committed events into their mailboxes and makes idle lanes ready.
-- ARGV   mailbox limit, then for each event: conversation, tenant, "<id>|<event>"
-- returns the number of lanes that became ready
local woken = 0
local limit = tonumber(ARGV[1])
for i = 2, #ARGV, 3 do
  local conv, tenant, mail = ARGV[i], ARGV[i + 1], P .. 'mail:' .. ARGV[i]
  if redis.call('RPUSH', mail, ARGV[i + 2]) > limit then
    redis.call('RPOP', mail)
    redis.call('HINCRBY', P .. 'lane:' .. conv, 'more', 1)
  end
  if not redis.call('HGET', P .. 'lane:' .. conv, 'st') then
    make_ready(tenant, conv)
    woken = woken + 1
  end
end
return woken
