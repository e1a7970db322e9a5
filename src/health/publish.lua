-- publish: a process says that it lives and what it has counted.
-- KEYS[1]  prefix; <prefix>heard: zset  process -> ms of its last word; <prefix>numbers: hash  process -> its exported metrics;
--          <prefix>era: text  changes when Redis has lost the roster
-- ARGV     process, exported metrics, ms after which a silent process is taken for dead, ms after which all of it is forgotten,
--          name of a new era, should there be none
-- returns  the era, whether the process was known before (1 or 0), then the name and the metrics of a dead one, if there is any
local heard, numbers = KEYS[1] .. 'heard', KEYS[1] .. 'numbers'
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
redis.call('SET', KEYS[1] .. 'era', ARGV[5], 'NX')
redis.call('PEXPIRE', KEYS[1] .. 'era', ARGV[4])
local era = redis.call('GET', KEYS[1] .. 'era')
local known = redis.call('ZSCORE', heard, ARGV[1]) and 1 or 0
redis.call('ZADD', heard, now, ARGV[1])
redis.call('HSET', numbers, ARGV[1], ARGV[2])
redis.call('PEXPIRE', heard, ARGV[4])
redis.call('PEXPIRE', numbers, ARGV[4])
local dead = redis.call('ZRANGEBYSCORE', heard, '-inf', now - tonumber(ARGV[3]), 'LIMIT', 0, 1)[1]
if not dead then return { era, known } end
return { era, known, dead, redis.call('HGET', numbers, dead) or '[]' }
