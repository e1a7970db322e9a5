-- What every outbox script begins with. All keys of a shard share its hash tag and begin with KEYS[1]; an account is an origin.
--   lane:<c>          hash  st (R ready, X sending, W waiting; absent = idle), tn tenant, ac account, tok (empty while nobody
--                           sends), n announced deliveries
--   ring              list  tenants that have accounts with something to send
--   accounts:<t>      list  such accounts of a tenant
--   account:<a>       hash  tn, count, window, grace, flights (limits), cred (changes with its credentials), q (1 while it stands
--                           in its tenant's list)
--   ready:<a>         zset  conversations whose head may be sent, in the order in which they became ready
--   order             text  counter of the places in ready
--   flight:<a>        zset  conversation -> ms at which its sender is given up
--   log:<a>           list  times of the grants inside the window, oldest first
--   hold:<a>          text  expires when the account may be called again
--   due               zset  "l:<c>" or "a:<a>" -> ms at which to look again
--   warm              text  run id of the Redis whose logs and holds are complete
--   rebuild           text  nonce of the rebuild that is under way
local P = KEYS[1]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
-- A ready lane stands in `ready`; that it is looked at again is for a key that was lost alone.
local READY_MS = 30000

-- Accounts that this script has seen standing in their tenants' lists.
local queued = {}

local function queue_account(tenant, account)
  if queued[account] then return end
  queued[account] = true
  if redis.call('HGET', P .. 'account:' .. account, 'q') == '1' then return end
  redis.call('HSET', P .. 'account:' .. account, 'q', '1')
  if redis.call('RPUSH', P .. 'accounts:' .. tenant, account) == 1 then redis.call('RPUSH', P .. 'ring', tenant) end
end

-- A conversation stands in `ready` once, however often it is put there: an account on hold would gather copies for hours.
local function make_ready(conv, tenant, account, announced)
  redis.call('HSET', P .. 'lane:' .. conv, 'st', 'R', 'tn', tenant, 'ac', account, 'tok', '', 'n', announced)
  redis.call('ZADD', P .. 'due', now + READY_MS, 'l:' .. conv)
  redis.call('ZADD', P .. 'ready:' .. account, 'NX', redis.call('INCR', P .. 'order'), conv)
  queue_account(tenant, account)
end

-- It is looked at again after `wait` ms.
local function make_waiting(conv, tenant, account, announced, wait)
  redis.call('HSET', P .. 'lane:' .. conv, 'st', 'W', 'tn', tenant, 'ac', account, 'tok', '', 'n', announced)
  redis.call('ZADD', P .. 'due', now + wait, 'l:' .. conv)
end

-- What was lost or evicted alone would leave a conversation or an account unseen for ever: nobody else asks whether it is there.
local function mend(conv, tenant, account)
  if not redis.call('ZSCORE', P .. 'due', 'l:' .. conv) then redis.call('ZADD', P .. 'due', now + READY_MS, 'l:' .. conv) end
  if redis.call('HGET', P .. 'account:' .. account, 'q') == '1' then
    if not redis.call('LPOS', P .. 'accounts:' .. tenant, account) then redis.call('RPUSH', P .. 'accounts:' .. tenant, account) end
    if not redis.call('LPOS', P .. 'ring', tenant) then redis.call('RPUSH', P .. 'ring', tenant) end
  elseif redis.call('ZCARD', P .. 'ready:' .. account) > 0 and not redis.call('ZSCORE', P .. 'due', 'a:' .. account) then
    queue_account(tenant, account)
  end
end

-- Takes one grant made at `at` out of an account's window; which of several of that instant does not matter.
local function give_back(account, at)
  return redis.call('LREM', P .. 'log:' .. account, -1, at)
end
