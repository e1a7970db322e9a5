-- hold: an account is not called for a while; a hold is never shortened.
-- ARGV   for each: account, ms
for i = 1, #ARGV, 2 do
  local key, ms = P .. 'hold:' .. ARGV[i], math.ceil(tonumber(ARGV[i + 1]))
  if ms > 0 and redis.call('PTTL', key) < ms then redis.call('SET', key, '1', 'PX', ms) end
end
return 0
