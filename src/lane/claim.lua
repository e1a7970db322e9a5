-- claim: takes ready lanes for one worker, the tenants in turn, each lane at most once.
-- ARGV   most lanes, most entries per lane, lease in ms, token prefix, lanes per turn of a tenant
-- returns for each lane: conversation, tenant, token, claims without release before this one, care, single, more, cached state or '', entries
local lanes_max, entries_max, lease = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local turn = tonumber(ARGV[5])
local claimed = {}
while #claimed < lanes_max do
  local tenant = redis.call('LPOP', P .. 'ready')
  if not tenant then break end
  local convs = redis.call('LPOP', P .. 'ready:' .. tenant, math.min(turn, lanes_max - #claimed)) or {}
  if redis.call('LLEN', P .. 'ready:' .. tenant) > 0 then redis.call('RPUSH', P .. 'ready', tenant) end
  for _, conv in ipairs(convs) do
    local key = P .. 'lane:' .. conv
    -- An entry may stand twice in the list after a reap; only a lane that is ready is taken.
    if redis.call('HGET', key, 'st') == 'R' then
      local token = ARGV[4] .. #claimed
      local tries = redis.call('HINCRBY', key, 'tries', 1) - 1
      redis.call('HSET', key, 'st', 'X', 'tok', token)
      redis.call('ZADD', P .. 'due', now + lease, conv)
      local noted = redis.call('HMGET', key, 'care', 'single', 'more')
      local care, single = tonumber(noted[1] or '0'), tonumber(noted[2] or '0')
      claimed[#claimed + 1] = {
        conv, tenant, token, tries, care, single, tonumber(noted[3] or '0'),
        redis.call('GET', P .. 'state:' .. conv) or '', redis.call('LRANGE', P .. 'mail:' .. conv, 0, entries_max - 1) }
    end
  end
end
return claimed
