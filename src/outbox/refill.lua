-- refill: writes a part of a log from the attempts that PostgreSQL knows, while the limiter is closed.
-- ARGV   nonce of this rebuild, account or account/key, 1 for the first part else 0, ages in ms, oldest first
-- returns 1, or 0 when somebody else has begun after us
if redis.call('GET', P .. 'rebuild') ~= ARGV[1] then return 0 end
local log = P .. 'log:' .. ARGV[2]
if ARGV[3] == '1' then redis.call('DEL', log) end
-- The half makes sure that a grant from before the loss, given back after it, takes nothing of this away.
for i = 4, #ARGV do redis.call('RPUSH', log, now - math.floor(tonumber(ARGV[i])) + 0.5) end
-- As long as any narrower window may be; an account's log stays.
if string.find(ARGV[2], '/', 1, true) then redis.call('PEXPIRE', log, 3600000) end
return 1
