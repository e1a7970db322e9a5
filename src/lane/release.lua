-- release: gives lanes back. What another holder did meanwhile is not touched: the token must still be ours.
-- ARGV   state's life in s, then for each lane: conversation, token, entries read, version, state, next, care,
--        single, more seen
--        version  -1 forgets the cached state, 0 leaves it, else it is stored if it is newer
--        next     'done' | 'again' (there is more to do) | 'keep' (not begun; the claim is not counted) | ms to wait
-- returns the number of lanes that became ready
local ready = 0
local life = tonumber(ARGV[1])

local function cache(key, version, state)
  if version < 0 then
    redis.call('DEL', key)
  elseif version > 0 and tonumber(string.match(redis.call('GETRANGE', key, 0, 15), '^%d+') or '0') < version then
    redis.call('SET', key, version .. '|' .. state, 'EX', life)
  end
end

-- Writes down what the next holder must know; a lane that becomes idle has nothing to say.
local function note(key, next_step, care, single)
  if next_step == 'keep' then redis.call('HINCRBY', key, 'tries', -1) else redis.call('HDEL', key, 'tries') end
  if care > 0 then redis.call('HSET', key, 'care', care) else redis.call('HDEL', key, 'care') end
  if single > 0 then redis.call('HSET', key, 'single', single) else redis.call('HDEL', key, 'single') end
end

for i = 2, #ARGV, 9 do
  local conv, token, read = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2])
  local next_step, care, single, more_seen = ARGV[i + 5], tonumber(ARGV[i + 6]), tonumber(ARGV[i + 7]), ARGV[i + 8]
  local key, mail = P .. 'lane:' .. conv, P .. 'mail:' .. conv
  local held = redis.call('HMGET', key, 'tok', 'tn', 'more')
  if held[1] == token then
    -- The entries that were read go, not those that were applied: an entry applied elsewhere would otherwise stay for ever.
    if read > 0 then redis.call('LTRIM', mail, read, -1) end
    cache(P .. 'state:' .. conv, tonumber(ARGV[i + 3]), ARGV[i + 4])
    -- Only who has read PostgreSQL to its end may say that what did not fit into the mailbox is done.
    local more_left = held[3] and not (next_step == 'done' and held[3] == more_seen)
    if next_step == 'done' and not more_left and redis.call('LLEN', mail) == 0 then
      redis.call('DEL', key)
      redis.call('ZREM', P .. 'due', conv)
    else
      note(key, next_step, care, single)
      if held[3] and not more_left then redis.call('HDEL', key, 'more') end
      local wait = tonumber(next_step)
      if wait then
        redis.call('HSET', key, 'st', 'W', 'tok', '')
        redis.call('ZADD', P .. 'due', now + wait, conv)
      else
        make_ready(held[2], conv)
        ready = ready + 1
      end
    end
  end
end
return ready
