-- refill: writes a part of an account's log from the attempts that PostgreSQL knows, while the limiter is closed.
-- ARGV   nonce of this rebuild, account, 1 for the first part else 0, ages in ms, oldest first
-- returns 1, or 0 when somebody else has begun after us
if redis.call('GET', P .. 'rebuild') ~= ARGV[1] then return 0 end
local log = P .. 'log:' .. ARGV[2]
if ARGV[3] == '1' then redis.call('DEL', log) end
-- The half makes sure that a grant from before the loss, given back after it, takes nothing of this away.
for i = 4, #ARGV do redis.call('RPUSH', log, now - math.floor(tonumber(ARGV[i])) + 0.5) end
return 1
