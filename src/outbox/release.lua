-- release: a conversation's turn at sending is over.
-- ARGV   for each: conversation, token, kind, argument, time of the grant if its slot was not used, else 0
--        kind  'done' (one delivery has ended) | 'empty' (nothing open; argument = n seen at the grant) | 'again' | 'wait' (argument = ms)
local freed = {}
for i = 1, #ARGV, 5 do
  local conv, token, kind, argument, unused = ARGV[i], ARGV[i + 1], ARGV[i + 2], tonumber(ARGV[i + 3]), ARGV[i + 4]
  local key = P .. 'lane:' .. conv
  local lane = redis.call('HMGET', key, 'tok', 'tn', 'ac', 'n', 'sc')
  if lane[1] == token then
    local tenant, account, announced = lane[2], lane[3], tonumber(lane[4] or '0')
    redis.call('ZREM', P .. 'flight:' .. account, conv)
    if unused ~= '0' then give_back(account, lane[5], unused) end
    if kind == 'done' then announced = announced - 1 elseif kind == 'empty' then announced = announced - argument end
    announced = math.max(0, announced)
    if kind == 'wait' then
      make_waiting(conv, tenant, account, announced, argument)
    elseif kind == 'again' or announced > 0 then
      make_ready(conv, tenant, account, announced)
    else
      redis.call('DEL', key)
      redis.call('ZREM', P .. 'due', 'l:' .. conv)
    end
    freed[account] = tenant
  end
end
-- The end of a send makes room for others of its account.
for account, tenant in pairs(freed) do
  if redis.call('ZCARD', P .. 'ready:' .. account) > 0 then queue_account(tenant, account) end
end
return 0
