-- What every outbox script begins with. All keys of a shard share its hash tag and begin with KEYS[1]; an account is an origin.
--   lane:<c>          hash  st (R ready, X sending, W waiting; absent = idle), tn tenant, ac account, tok, n announced deliveries
--   ring              list  tenants that have accounts with something to send
--   accounts:<t>      list  such accounts of a tenant
--   account:<a>       hash  count, window, grace, flights (limits), q (1 while it stands in its tenant's list)
--   ready:<a>         list  conversations whose head may be sent
--   flight:<a>        zset  conversation -> ms at which its sender is given up
--   log:<a>           list  times of the grants inside the window, oldest first
--   hold:<a>          text  expires when the account may be called again
--   due               zset  "l:<c>" or "a:<a>" -> ms at which to look again
--   warm              text  run id of the Redis whose logs and holds are complete
local P = KEYS[1]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local READY_MS = 10000

local function queue_account(tenant, account)
  if redis.call('HGET', P .. 'account:' .. account, 'q') == '1' then return end
  redis.call('HSET', P .. 'account:' .. account, 'q', '1')
  if redis.call('RPUSH', P .. 'accounts:' .. tenant, account) == 1 then redis.call('RPUSH', P .. 'ring', tenant) end
end

local function make_ready(conv, tenant, account)
  local key = P .. 'lane:' .. conv
  redis.call('HSET', key, 'st', 'R', 'tn', tenant, 'ac', account)
  redis.call('HDEL', key, 'tok')
  redis.call('ZADD', P .. 'due', now + READY_MS, 'l:' .. conv)
  redis.call('RPUSH', P .. 'ready:' .. account, conv)
  queue_account(tenant, account)
end
