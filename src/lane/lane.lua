-- What every lane script begins with. All keys of a shard share its hash tag and begin with KEYS[1]:
--   lane:<c>          hash  st (R ready, X running, W waiting; absent = idle), tn tenant, tok (empty while nobody holds it), tries, care, single, more
--   mail:<c>          list  "<id>|<event as JSON, or nothing when it was too large>"
--   state:<c>         text  "<version>|<state as JSON>", 24 h
--   ready             list  ring of tenants that have ready lanes
--   ready:<tenant>    list  conversations to claim
--   due               zset  conversation -> ms by which something must have happened to it
local P = KEYS[1]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local READY_MS = 10000

local function push(tenant, conv)
  if redis.call('RPUSH', P .. 'ready:' .. tenant, conv) == 1 then redis.call('RPUSH', P .. 'ready', tenant) end
end

-- A ring that was lost or evicted alone would leave its tenants' lists unseen for ever.
local function mend_ring(tenant)
  if not redis.call('LPOS', P .. 'ready', tenant) then redis.call('RPUSH', P .. 'ready', tenant) end
end

local function make_ready(tenant, conv)
  redis.call('HSET', P .. 'lane:' .. conv, 'st', 'R', 'tn', tenant, 'tok', '')
  redis.call('ZADD', P .. 'due', now + READY_MS, conv)
  push(tenant, conv)
end
