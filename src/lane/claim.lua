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
    local lane = redis.call('HMGET', key, 'st', 'tries', 'care', 'single', 'more')
    -- An entry may stand twice in the list after a reap; only a lane that is ready is taken.
    if lane[1] == 'R' then
      local token = ARGV[4] .. #claimed
      local tries = tonumber(lane[2] or '0')
      redis.call('HSET', key, 'st', 'X', 'tok', token, 'tries', tries + 1)
      redis.call('ZADD', P .. 'due', now + lease, conv)
      claimed[#claimed + 1] = {
        conv, tenant, token, tries, tonumber(lane[3] or '0'), tonumber(lane[4] or '0'), tonumber(lane[5] or '0'),
        redis.call('GET', P .. 'state:' .. conv) or '', redis.call('LRANGE', P .. 'mail:' .. conv, 0, entries_max - 1) }
    end
  end
end
return claimed
