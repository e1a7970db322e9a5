-- limits: what each account may do.
-- ARGV   for each: account, tenant, count, window in ms, grace in ms, most sends in flight, digest of its credentials
for i = 1, #ARGV, 7 do
  local account, key = ARGV[i], P .. 'account:' .. ARGV[i]
  local known = redis.call('HMGET', key, 'count', 'window', 'grace', 'flights', 'cred')
  -- New credentials are a new chance. A hold that is still in PostgreSQL comes back with the next mark, before any call.
  if known[5] and known[5] ~= ARGV[i + 6] then redis.call('DEL', P .. 'hold:' .. account) end
  local changed = false
  for n = 1, 5 do changed = changed or known[n] ~= ARGV[i + 1 + n] end
  if changed then
    redis.call('HSET', key, 'tn', ARGV[i + 1], 'count', ARGV[i + 2], 'window', ARGV[i + 3], 'grace', ARGV[i + 4],
      'flights', ARGV[i + 5], 'cred', ARGV[i + 6])
    redis.call('ZADD', P .. 'due', now, 'a:' .. account)
  end
end
return 0
