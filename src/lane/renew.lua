-- renew: lengthens the leases of lanes that are still held.
-- ARGV   lease in ms, then for each lane: conversation, token
for i = 2, #ARGV, 2 do
  if redis.call('HGET', P .. 'lane:' .. ARGV[i], 'tok') == ARGV[i + 1] then
    redis.call('ZADD', P .. 'due', now + tonumber(ARGV[1]), ARGV[i])
  end
end
return 0
