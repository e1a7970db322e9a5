-- inherit: a process takes over what a dead one has counted, so that no sum over the processes ever falls.
-- KEYS[1]  prefix, as in publish
-- ARGV     dead process, its metrics as they were read, heir, the heir's metrics with those of the dead one added
-- returns  1 when it was taken over, 0 when another process was faster or the dead one spoke again
local heard, numbers = KEYS[1] .. 'heard', KEYS[1] .. 'numbers'
if (redis.call('HGET', numbers, ARGV[1]) or '[]') ~= ARGV[2] then return 0 end
if not redis.call('ZSCORE', heard, ARGV[1]) then return 0 end
redis.call('ZREM', heard, ARGV[1])
redis.call('HDEL', numbers, ARGV[1])
redis.call('HSET', numbers, ARGV[3], ARGV[4])
return 1
