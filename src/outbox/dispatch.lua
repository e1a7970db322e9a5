-- dispatch: grants slots at the moment of sending, tenants in turn; puts back what is due.
-- ARGV   run id of this Redis, most grants, lease in ms, token prefix, lanes per turn of an account, most grants to one account,
--        then for each account that the asking process is calling already: account, most grants to it
-- returns 'cold' when the logs are not known to be complete, else { ms until something is due or -1, time of the grants,
--         for each grant { conversation, tenant, account, token, n, narrower limits } }
if redis.call('GET', P .. 'warm') ~= ARGV[1] then return 'cold' end
local grants_max, lease, turn, share = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[5]), tonumber(ARGV[6])
local shares = {}
for i = 7, #ARGV, 2 do shares[ARGV[i]] = tonumber(ARGV[i + 1]) end

for _, item in ipairs(redis.call('ZRANGEBYSCORE', P .. 'due', '-inf', now, 'LIMIT', 0, 200)) do
  local name = string.sub(item, 3)
  redis.call('ZREM', P .. 'due', item)
  if string.sub(item, 1, 1) == 'l' then
    local lane = redis.call('HMGET', P .. 'lane:' .. name, 'st', 'tn', 'ac', 'n')
    if lane[1] then make_ready(name, lane[2], lane[3], lane[4] or '0') end
  else
    local tenant = redis.call('HGET', P .. 'account:' .. name, 'tn')
    if tenant and redis.call('ZCARD', P .. 'ready:' .. name) > 0 then queue_account(tenant, name) end
  end
end

-- How many calls the account may make now, and if none, when to look again.
local function room(account)
  local limits = redis.call('HMGET', P .. 'account:' .. account, 'count', 'window', 'grace', 'flights')
  if not limits[1] then return 0, 1000 end
  local held = redis.call('PTTL', P .. 'hold:' .. account)
  if held >= 0 then return 0, held + 1 end
  -- Times are cut to ms, so a grant has left the window only when more than the span lies between the two.
  local span = tonumber(limits[2]) + tonumber(limits[3])
  local log = P .. 'log:' .. account
  local oldest = redis.call('LINDEX', log, 0)
  while oldest and tonumber(oldest) < now - span do
    redis.call('LPOP', log)
    oldest = redis.call('LINDEX', log, 0)
  end
  local free = tonumber(limits[1]) - redis.call('LLEN', log)
  if free <= 0 then return 0, tonumber(oldest) + span + 1 - now end
  redis.call('ZREMRANGEBYSCORE', P .. 'flight:' .. account, '-inf', now)
  local berths = tonumber(limits[4]) - redis.call('ZCARD', P .. 'flight:' .. account)
  -- The end of any of its sends queues the account again; the pause is for ends that are never told.
  if berths <= 0 then return 0, 1000 end
  return math.min(free, berths), 0
end

-- Lanes whose narrower limits are full step aside until exactly then; the account's slot stays for others. So many in one call.
local ASIDE_MAX = 256
local aside = 0

local grants = {}

-- Takes so many ready conversations of an account, and a slot of each of their narrower windows; one that is not ready any more is
-- only taken out of the line.
local function take(account, most)
  local lanes = {}
  while #lanes < most and aside < ASIDE_MAX do
    local conv = redis.call('ZPOPMIN', P .. 'ready:' .. account)[1]
    if not conv then break end
    local key = P .. 'lane:' .. conv
    local lane = redis.call('HMGET', key, 'st', 'sc', 'n')
    local wait = lane[1] == 'R' and lane[2] and wait_of(account, lane[2]) or 0
    if wait > 0 then
      aside = aside + 1
      redis.call('HSET', key, 'st', 'W')
      redis.call('ZADD', P .. 'due', now + wait, 'l:' .. conv)
    elseif lane[1] == 'R' then
      if lane[2] then log_scopes(account, lane[2]) end
      lanes[#lanes + 1] = { conv = conv, scopes = lane[2] or '', announced = tonumber(lane[3] or '0') }
    end
  end
  return lanes
end

-- Marks conversations as being sent and their account's slots as used, all at one moment.
local function grant(account, tenant, lanes)
  if #lanes == 0 then return end
  local due, flights, log = {}, {}, {}
  for _, lane in ipairs(lanes) do
    local token = ARGV[4] .. #grants
    redis.call('HSET', P .. 'lane:' .. lane.conv, 'st', 'X', 'tok', token)
    grants[#grants + 1] = { lane.conv, tenant, account, token, lane.announced, lane.scopes }
    due[#due + 1], due[#due + 2] = now + lease, 'l:' .. lane.conv
    flights[#flights + 1], flights[#flights + 2] = now + lease, lane.conv
    log[#log + 1] = now
  end
  redis.call('ZADD', P .. 'due', unpack(due))
  redis.call('ZADD', P .. 'flight:' .. account, unpack(flights))
  redis.call('RPUSH', P .. 'log:' .. account, unpack(log))
end

-- Accounts that have had their share of this process; they stay in line for the others.
local served = {}
while #grants < grants_max and aside < ASIDE_MAX do
  local tenant = redis.call('LPOP', P .. 'ring')
  if not tenant then break end
  local account = redis.call('LPOP', P .. 'accounts:' .. tenant)
  if redis.call('LLEN', P .. 'accounts:' .. tenant) > 0 then redis.call('RPUSH', P .. 'ring', tenant) end
  if account then
    redis.call('HSET', P .. 'account:' .. account, 'q', '0', 'tn', tenant)
    queued[account] = nil
    local slots, pause = room(account)
    local left = shares[account] or share
    local lanes = take(account, math.min(slots, turn, grants_max - #grants, left))
    grant(account, tenant, lanes)
    local given = #lanes
    shares[account] = left - given
    if redis.call('ZCARD', P .. 'ready:' .. account) > 0 then
      if slots == 0 then
        redis.call('ZADD', P .. 'due', now + math.max(1, pause), 'a:' .. account)
      elseif left > given then
        queue_account(tenant, account)
      else
        served[#served + 1] = { tenant, account }
      end
    end
  end
end
for _, one in ipairs(served) do queue_account(one[1], one[2]) end

if aside >= ASIDE_MAX then return { 0, now, grants } end
local first = redis.call('ZRANGE', P .. 'due', 0, 0, 'WITHSCORES')
local next_due = -1
if first[2] then next_due = math.max(0, math.ceil(tonumber(first[2]) - now)) end
return { next_due, now, grants }
