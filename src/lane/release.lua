-- release: gives lanes back. What another holder did meanwhile is not touched: the token must still be ours.
-- ARGV   state's life in s, then for each lane: conversation, token, entries read, version, state, next, care,
--        single, more seen
--        version  -1 forgets the cached state, 0 leaves it, else it is stored if it is newer
--        next     'done' | 'again' (there is more to do) | 'keep' (not begun; the claim is not counted) | ms to wait
-- returns the number of lanes that became ready
local ready = 0
local life = tonumber(ARGV[1])
for i = 2, #ARGV, 9 do
  local conv, token, read = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2])
  local version, state, next_step = tonumber(ARGV[i + 3]), ARGV[i + 4], ARGV[i + 5]
  local care, single, more_seen = tonumber(ARGV[i + 6]), tonumber(ARGV[i + 7]), ARGV[i + 8]
  local key = P .. 'lane:' .. conv
  local held = redis.call('HMGET', key, 'tok', 'tn', 'more')
  if held[1] == token then
    -- The entries that were read go, not those that were applied: an entry applied elsewhere would otherwise stay for ever.
    if read > 0 then redis.call('LTRIM', P .. 'mail:' .. conv, read, -1) end
    if version < 0 then
      redis.call('DEL', P .. 'state:' .. conv)
    elseif version > 0 then
      local cached = redis.call('GET', P .. 'state:' .. conv)
      if not cached or tonumber(string.match(cached, '^%d+')) < version then
        redis.call('SET', P .. 'state:' .. conv, version .. '|' .. state, 'EX', life)
      end
    end
    if next_step == 'keep' then redis.call('HINCRBY', key, 'tries', -1) else redis.call('HDEL', key, 'tries') end
    if care > 0 then redis.call('HSET', key, 'care', care) else redis.call('HDEL', key, 'care') end
    if single > 0 then redis.call('HSET', key, 'single', single) else redis.call('HDEL', key, 'single') end
    -- Only who has read PostgreSQL to its end may say that what did not fit into the mailbox is done.
    if next_step == 'done' and (held[3] or '0') == more_seen then redis.call('HDEL', key, 'more') end
    local wait = tonumber(next_step)
    if wait then
      redis.call('HSET', key, 'st', 'W')
      redis.call('HDEL', key, 'tok')
      redis.call('ZADD', P .. 'due', now + wait, conv)
    elseif next_step ~= 'done' or redis.call('LLEN', P .. 'mail:' .. conv) > 0 or redis.call('HEXISTS', key, 'more') == 1 then
      make_ready(held[2], conv)
      ready = ready + 1
    else
      redis.call('DEL', key)
      redis.call('ZREM', P .. 'due', conv)
    end
  end
end
return ready
