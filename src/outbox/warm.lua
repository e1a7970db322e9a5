-- warm: ends a rebuild: opens the limiter, or leaves the rebuild to the next one.
-- ARGV   nonce of this rebuild, run id of this Redis, or nothing when the rebuild failed
-- returns 1 when the limiter is open
if redis.call('GET', P .. 'rebuild') ~= ARGV[1] then return 0 end
redis.call('DEL', P .. 'rebuild')
if ARGV[2] == '' then return 0 end
redis.call('SET', P .. 'warm', ARGV[2])
return 1
