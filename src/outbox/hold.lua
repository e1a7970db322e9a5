-- hold: an account, or a narrower scope of it, is not called for a while; a hold is never shortened.
-- ARGV   for each: account, key of the scope or '', ms, 1 when the platform does not say whether it means the scope or the account
-- returns 1 for each account that is held as a whole, else 0. Who doubts holds the scope alone; when a second scope of the account
--         is held in doubt at the same time, it was the account.
local whole = {}
local function hold(name, ms)
  local key = P .. 'hold:' .. name
  if ms > 0 and redis.call('PTTL', key) < ms then redis.call('SET', key, '1', 'PX', ms) end
end
for i = 1, #ARGV, 4 do
  local account, scope, ms = ARGV[i], ARGV[i + 1], math.ceil(tonumber(ARGV[i + 2]))
  local all = scope == ''
  if ARGV[i + 3] == '1' and not all and ms > 0 then
    local doubts = P .. 'doubts:' .. account
    redis.call('ZREMRANGEBYSCORE', doubts, '-inf', now)
    redis.call('ZADD', doubts, now + ms, scope)
    redis.call('PEXPIRE', doubts, math.max(ms, redis.call('PTTL', doubts)))
    all = redis.call('ZCARD', doubts) > 1
  end
  hold(scope == '' and account or account .. '/' .. scope, ms)
  if all then hold(account, ms) end
  whole[#whole + 1] = all and 1 or 0
end
return whole
