-- renew: an unused grant becomes a grant of this moment, because marking its delivery took longer than a grant lives.
-- ARGV   run id of this Redis, conversation, token, account, time of the grant
-- returns the new time; 0 when the old grant has lost its place, which is then given back
if redis.call('GET', P .. 'warm') ~= ARGV[1] then return 0 end
local lane = redis.call('HMGET', P .. 'lane:' .. ARGV[2], 'tok', 'sc')
if lane[1] ~= ARGV[3] then return 0 end
if give_back(ARGV[4], lane[2], ARGV[5]) == 0 or redis.call('EXISTS', P .. 'hold:' .. ARGV[4]) == 1 then return 0 end
if wait_of(ARGV[4], lane[2]) > 0 then return 0 end
log_grant(ARGV[4], lane[2])
return now
