-- warm: fills the logs from the attempts that PostgreSQL knows, and opens the limiter, if nobody else began after us.
-- ARGV   nonce of this rebuild, run id of this Redis, then for each account: account, number of ages, ages in ms, oldest first
-- returns 1 when the limiter is open
if redis.call('GET', P .. 'rebuild') ~= ARGV[1] then return 0 end
local i = 3
while i <= #ARGV do
  local log, ages = P .. 'log:' .. ARGV[i], tonumber(ARGV[i + 1])
  redis.call('DEL', log)
  for at = i + 2, i + 1 + ages do redis.call('RPUSH', log, now - math.floor(tonumber(ARGV[at]))) end
  i = i + 2 + ages
end
redis.call('SET', P .. 'warm', ARGV[2])
return 1
