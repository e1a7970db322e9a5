-- What every outbox script begins with. All keys of a shard share its hash tag and begin with KEYS[1]; an account is an origin.
--   lane:<c>          hash  st (R ready, X sending, W waiting; absent = idle), tn tenant, ac account, tok (empty while nobody
--                           sends), n announced deliveries, sc its narrower limits (scopes.ts), absent when there are none
--   ring              list  tenants that have accounts with something to send
--   accounts:<t>      list  such accounts of a tenant
--   account:<a>       hash  tn, count, window, grace, flights (limits), cred (changes with its credentials), q (1 while it stands
--                           in its tenant's list)
--   ready:<a>         zset  conversations whose head may be sent, in the order in which they became ready
--   order             text  counter of the places in ready
--   flight:<a>        zset  conversation -> ms at which its sender is given up
--   log:<a>           list  times of the grants inside the window, oldest first; log:<a>/<key> of a narrower limit
--   hold:<a>          text  expires when the account may be called again; hold:<a>/<key> of a narrower limit
--   doubts:<a>        zset  key of a narrower limit -> ms until which it is held although the account may have been meant
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

-- Calls `each` with the name, count and span of every narrower limit of a lane.
local function each_scope(account, scopes, each)
  for key, count, window, grace in string.gmatch(scopes or '', '([^:;]+):(%d+):(%d+):(%d+)') do
    each(account .. '/' .. key, tonumber(count), tonumber(window) + tonumber(grace))
  end
end

-- Writes a grant of this moment into the narrower windows of a lane.
local function log_scopes(account, scopes)
  each_scope(account, scopes, function(name, _, span)
    redis.call('RPUSH', P .. 'log:' .. name, now)
    redis.call('PEXPIRE', P .. 'log:' .. name, span + 1000)
  end)
end

-- Whether the account of a lane, or a narrower scope of it, may not be called now.
local function is_held(account, scopes)
  local held = redis.call('EXISTS', P .. 'hold:' .. account) == 1
  each_scope(account, scopes, function(name) held = held or redis.call('EXISTS', P .. 'hold:' .. name) == 1 end)
  return held
end

-- Takes one grant made at `at` out of a lane's windows; which of several of that instant does not matter.
local function give_back(account, scopes, at)
  each_scope(account, scopes, function(name) redis.call('LREM', P .. 'log:' .. name, -1, at) end)
  return redis.call('LREM', P .. 'log:' .. account, -1, at)
end

-- Ms until the narrower limits of a lane all have room, 0 when they have it now.
local function wait_of(account, scopes)
  local wait = 0
  each_scope(account, scopes, function(name, count, span)
    local held = redis.call('PTTL', P .. 'hold:' .. name)
    if held >= 0 then wait = math.max(wait, held + 1) end
    local log = P .. 'log:' .. name
    local oldest = redis.call('LINDEX', log, 0)
    while oldest and tonumber(oldest) < now - span do
      redis.call('LPOP', log)
      oldest = redis.call('LINDEX', log, 0)
    end
    local over = redis.call('LLEN', log) - count
    if over >= 0 then wait = math.max(wait, tonumber(redis.call('LINDEX', log, over)) + span + 1 - now) end
  end)
  return wait
end
