-- renew: an unused grant becomes a grant of this moment, because marking its delivery took longer than a grant lives.
-- ARGV   run id of this Redis, conversation, token, account, time of the grant
-- returns the new time; 0 when the grant has lost its place, or its account or a narrower scope is on hold. Its slot is then given
--         back by its release, and by that alone: a second time would take the slot of a call that was made in the same millisecond.
--         Where its own slot was, there is room for it.
if redis.call('GET', P .. 'warm') ~= ARGV[1] then return 0 end
local lane = redis.call('HMGET', P .. 'lane:' .. ARGV[2], 'tok', 'sc')
if lane[1] ~= ARGV[3] then return 0 end
if is_held(ARGV[4], lane[2]) or give_back(ARGV[4], lane[2], ARGV[5]) == 0 then return 0 end
redis.call('RPUSH', P .. 'log:' .. ARGV[4], now)
log_scopes(ARGV[4], lane[2])
return now
