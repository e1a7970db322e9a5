-- limits: what each account may do.
-- ARGV   for each: account, tenant, count, window in ms, grace in ms, most sends in flight
for i = 1, #ARGV, 6 do
  redis.call('HSET', P .. 'account:' .. ARGV[i], 'tn', ARGV[i + 1], 'count', ARGV[i + 2], 'window', ARGV[i + 3], 'grace', ARGV[i + 4], 'flights', ARGV[i + 5])
end
return 0
