-- reap: puts overdue lanes back: a lost entry of the ready list, a lease that ended, a wait that is over.
-- ARGV   most lanes
-- returns the number of lanes that became ready
local due = redis.call('ZRANGEBYSCORE', P .. 'due', '-inf', now, 'LIMIT', 0, tonumber(ARGV[1]))
local ready = 0
local tenants = {}
for _, conv in ipairs(due) do
  local tenant = redis.call('HGET', P .. 'lane:' .. conv, 'tn')
  if tenant then
    make_ready(tenant, conv)
    tenants[tenant] = true
    ready = ready + 1
  else
    redis.call('ZREM', P .. 'due', conv)
  end
end
for tenant in pairs(tenants) do mend_ring(tenant) end
return ready
