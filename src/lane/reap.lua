-- reap: puts overdue lanes back: a lost entry of the ready list, a lease that ended, a wait that is over.
-- ARGV   most lanes
-- returns the number of lanes that became or still are ready: their wake-up may have been lost
local due = redis.call('ZRANGEBYSCORE', P .. 'due', '-inf', now, 'LIMIT', 0, tonumber(ARGV[1]))
local ready = 0
local tenants = {}
local lanes = redis.call('ZCARD', P .. 'due')
for _, conv in ipairs(due) do
  local lane = redis.call('HMGET', P .. 'lane:' .. conv, 'tn', 'st')
  local tenant = lane[1]
  if not tenant then
    redis.call('ZREM', P .. 'due', conv)
  else
    if lane[2] == 'R' and redis.call('LLEN', P .. 'ready:' .. tenant) >= 2 * lanes then
      -- A ready lane that waits long stands in its list, unless the list was lost. In a backlog of hours it would gather a copy every
      -- ten seconds; a list of twice as many entries as there are lanes was not lost, or has been filled again.
      redis.call('ZADD', P .. 'due', now + READY_MS, conv)
    else
      make_ready(tenant, conv)
    end
    tenants[tenant] = true
    ready = ready + 1
  end
end
for tenant in pairs(tenants) do mend_ring(tenant) end
return ready
