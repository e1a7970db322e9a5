-- The lane's three statements: load, commit, fail; and the walks that find lost work.

-- load_lanes: one snapshot of lanes, each with its version, state, timer and its first open events by id.
--   p_lanes  [{i: place, t: tenant, c: conv}]
--   p_events most events per lane; one more is looked at, to say whether there are more
--   returns  rows by place, events by id; a lane without events has one row with id null
-- The raw bytes come along, because Redis may have lost the parsed event or never had it; null means those of the event before,
-- which came in the same body.
CREATE FUNCTION load_lanes(p_lanes json, p_events int) RETURNS TABLE (
  i int, version bigint, state jsonb, origin_id int, due_ms double precision, now_ms double precision,
  id bigint, at_ms double precision, attempts smallint, wait_ms double precision, event_origin int, item int, raw bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off SET enable_hashjoin = off
  SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT l.i, c.version, c.state, c.origin_id,
    ms(tm.due_at), ms(now()),
    p.id, ms(coalesce(p.replayed_at, p.at)), p.attempts, ms(p.next_at - now()),
    j.origin_id, j.item,
    CASE WHEN j.raw_of IS NULL THEN j.raw
         WHEN j.raw_of = lag(coalesce(j.raw_of, j.id)) OVER (PARTITION BY l.i ORDER BY p.id) THEN NULL
         ELSE journal_body(l.t, p.at, p.id) END
  FROM json_to_recordset(p_lanes) AS l (i int, t int, c uuid)
  LEFT JOIN conversations c ON c.tenant_id = l.t AND c.conv = l.c
  LEFT JOIN timers tm ON tm.tenant_id = l.t AND tm.conv = l.c
  LEFT JOIN LATERAL (
    SELECT * FROM pending WHERE tenant_id = l.t AND conv = l.c ORDER BY id LIMIT p_events + 1
  ) p ON true
  -- OFFSET 0 keeps this a look-up by all three columns of the journal's key. Pulled up into the join it loses the tenant, and each
  -- event then reads the index of its whole day.
  LEFT JOIN LATERAL (
    SELECT * FROM journal WHERE tenant_id = p.tenant_id AND day = (p.at AT TIME ZONE 'UTC')::date AND id = p.id OFFSET 0
  ) j ON true
  ORDER BY l.i, p.id;
END $$;

-- commit_lanes: one transaction for a group of decided lanes; what is stale loses, alone.
--   p_lanes     [{i, t, c, o: origin, n: identity | null, v: base version, s: state, e: owner epoch, f: read from Redis,
--                 x: ids of the events applied as '{1,2}', m: greatest of x or 0, d: timer to set, ms | null, r: timer to be removed}]
--   p_messages, p_logs, p_outbox   rows with their lane's i, as the inserts below name them
--   p_rare      rows by kind, see commit_rare; null when there are none
--   returns     the verdict per lane: done | stale (another version, or held by somebody) | gone (an event was applied
--               elsewhere) | gap (a lower event is open)
-- Locks are taken in the order (tenant, conv). A statement that fails fails the group; the caller then tries member by member.
-- The lanes are unpacked once into arrays: every look into a JSON text costs the whole text (8 µs a row, seven times).
CREATE FUNCTION commit_lanes(p_lanes json, p_messages json, p_logs json, p_outbox json, p_rare json)
RETURNS TABLE (i int, verdict text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off SET enable_hashjoin = off
  SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  v_i int[]; v_t int[]; v_c uuid[]; v_o int[]; v_n text[]; v_v bigint[]; v_s jsonb[]; v_e int[]; v_f boolean[]; v_x text[];
  v_m bigint[]; v_d double precision[]; v_r boolean[];
  v_locked int[];
  v_index int[];
  v_verdict text[];
  v_ok int[];
  v_all boolean;
BEGIN
  SELECT array_agg(l.i), array_agg(t), array_agg(c), array_agg(o), array_agg(n), array_agg(v), array_agg(s), array_agg(e),
         array_agg(f), array_agg(x), array_agg(m), array_agg(d), array_agg(r)
    INTO v_i, v_t, v_c, v_o, v_n, v_v, v_s, v_e, v_f, v_x, v_m, v_d, v_r
  FROM json_to_recordset(p_lanes) AS l (i int, t int, c uuid, o int, n text, v bigint, s jsonb, e int, f boolean, x text,
    m bigint, d double precision, r boolean);

  INSERT INTO conversations (tenant_id, conv, origin_id, identity)
  SELECT t, c, o, n FROM unnest(v_t, v_c, v_o, v_n, v_v) AS l (t, c, o, n, v)
  WHERE v = 0 ORDER BY t, c
  ON CONFLICT DO NOTHING;

  SELECT coalesce(array_agg(held.i), '{}') INTO v_locked FROM (
    SELECT l.i FROM unnest(v_i, v_t, v_c, v_v) AS l (i, t, c, v)
    JOIN conversations ON tenant_id = l.t AND conv = l.c AND version = l.v
    -- A conversation that somebody else holds is judged stale and read again: its neighbours do not wait for it.
    ORDER BY tenant_id, conv FOR UPDATE OF conversations SKIP LOCKED
  ) held;

  -- Tested before anything else is written, one index range per lane: the events named must all be open, and for lanes that
  -- were read from Redis no lower event may be open (it may have been committed after the higher one and never posted).
  SELECT array_agg(judged.i), array_agg(judged.verdict),
         coalesce(array_agg(judged.i) FILTER (WHERE judged.verdict = 'done'), '{}'),
         bool_and(judged.verdict = 'done')
    INTO v_index, v_verdict, v_ok, v_all
  FROM (
    SELECT l.i, CASE
      WHEN l.i <> ALL (v_locked) THEN 'stale'
      WHEN seen.mine <> cardinality(l.x::bigint[]) THEN 'gone'
      WHEN l.f AND seen.lower > seen.mine THEN 'gap'
      ELSE 'done' END AS verdict
    FROM unnest(v_i, v_t, v_c, v_f, v_x, v_m) AS l (i, t, c, f, x, m)
    CROSS JOIN LATERAL (
      SELECT count(*) AS lower, count(*) FILTER (WHERE pending.id = ANY (l.x::bigint[])) AS mine
      FROM pending WHERE tenant_id = l.t AND conv = l.c AND pending.id <= l.m
    ) seen
  ) judged;

  -- OFFSET 0 makes this a look-up for each event; otherwise all open events of a conversation are compared with those named.
  DELETE FROM pending USING (
    SELECT l.t, l.c, applied.id FROM unnest(v_i, v_t, v_c, v_x) AS l (i, t, c, x), unnest(l.x::bigint[]) AS applied (id)
    WHERE v_all OR l.i = ANY (v_ok) OFFSET 0
  ) applied
  WHERE tenant_id = applied.t AND conv = applied.c AND pending.id = applied.id;

  UPDATE conversations SET version = version + 1, state = l.s, owner_epoch = l.e, identity = coalesce(identity, l.n),
    applied = applied + cardinality(l.x::bigint[])
  FROM unnest(v_i, v_t, v_c, v_n, v_s, v_e, v_x) AS l (i, t, c, n, s, e, x)
  WHERE (v_all OR l.i = ANY (v_ok)) AND tenant_id = l.t AND conv = l.c;

  INSERT INTO messages (tenant_id, conv, seq, origin_id, event_id, session, author, kind, visibility, message_id, text,
                        parts, reply_to, album, sender, forwarded_from, at)
  SELECT t, c, q, o, ev, ss, au, ki, vi, mi, tx, ps, re, al, se, fw, to_timestamp(at / 1000)
  FROM json_to_recordset(p_messages) AS r (i int, t int, c uuid, q bigint, o int, ev bigint, ss int, au text, ki text,
    vi text, mi text, tx text, ps jsonb, re text, al text, se jsonb, fw text, at double precision)
  WHERE v_all OR r.i = ANY (v_ok);

  INSERT INTO message_logs (tenant_id, conv, seq, origin_id, event_id, client_id, message_id, text, dialog_state_before,
                            dialog_state, success, error_reason, "timestamp")
  SELECT t, c, q, o, ev, cl, mi, tx, sb, sa, ok, er, to_timestamp(at / 1000)
  FROM json_to_recordset(p_logs) AS r (i int, t int, c uuid, q bigint, o int, ev bigint, cl text, mi text, tx text,
    sb text, sa text, ok boolean, er text, at double precision)
  WHERE v_all OR r.i = ANY (v_ok);

  INSERT INTO outbox (tenant_id, conv, seq, origin_id, author, owner_epoch, body, created_at, deadline_at)
  SELECT t, c, q, o, au, e, b, now(), now() + dl * interval '1 ms'
  FROM json_to_recordset(p_outbox) AS r (i int, t int, c uuid, q bigint, o int, au text, e int, b text, dl double precision)
  WHERE v_all OR r.i = ANY (v_ok);

  INSERT INTO timers (tenant_id, conv, due_at)
  SELECT t, c, to_timestamp(d / 1000) FROM unnest(v_i, v_t, v_c, v_d) AS l (i, t, c, d)
  WHERE d IS NOT NULL AND (v_all OR l.i = ANY (v_ok))
  ON CONFLICT (tenant_id, conv) DO UPDATE SET due_at = excluded.due_at;

  DELETE FROM timers USING unnest(v_i, v_t, v_c, v_r) AS l (i, t, c, r)
  WHERE r AND (v_all OR l.i = ANY (v_ok)) AND tenant_id = l.t AND conv = l.c;

  IF p_rare IS NOT NULL THEN PERFORM commit_rare(p_rare, v_ok); END IF;

  RETURN QUERY SELECT * FROM unnest(v_index, v_verdict);
END $$;

-- commit_rare: the rows that only some messages leave behind, in the same transaction. Several of a group may name the same row
-- (a session begun and given away by one event): an upsert must see it once, so the last word is taken first.
--   p_rare  {kind: [{z: place, i: lane, t: tenant, c: conv, ...columns}]}, the kinds that there are
--   p_ok    the lanes that were accepted
CREATE FUNCTION commit_rare(p_rare json, p_ok int[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off SET enable_hashjoin = off
  SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
  IF p_rare -> 'session' IS NOT NULL THEN
    INSERT INTO sessions (tenant_id, conv, number, owner, owner_epoch, started_at, ended_at)
    SELECT DISTINCT ON (t, c, number) t, c, number, owner, epoch, to_timestamp(started / 1000), to_timestamp(ended / 1000)
    FROM json_to_recordset(p_rare -> 'session') AS r (z int, i int, t int, c uuid, number int, owner text, epoch int,
      started double precision, ended double precision)
    WHERE i = ANY (p_ok) ORDER BY t, c, number, z DESC
    ON CONFLICT (tenant_id, conv, number) DO UPDATE
      SET owner = excluded.owner, owner_epoch = excluded.owner_epoch, ended_at = excluded.ended_at;
  END IF;

  IF p_rare -> 'order' IS NOT NULL THEN
    INSERT INTO orders (tenant_id, conv, run, client_phone, delivery_address, quantity, source, chat2desk_client_id)
    SELECT t, c, run, phone, address, quantity, source, client
    FROM json_to_recordset(p_rare -> 'order') AS r (z int, i int, t int, c uuid, run int, phone text, address text, quantity int,
      source text, client text)
    WHERE i = ANY (p_ok) ORDER BY z;
  END IF;

  IF p_rare -> 'outcome' IS NOT NULL THEN
    INSERT INTO dialog_outcomes (tenant_id, conv, run, dialog, completed, dropoff_state, reason, total_messages,
                                 duration_seconds, started_at, ended_at)
    SELECT t, c, run, dialog, reason = 'completed', CASE WHEN reason <> 'completed' THEN state END, reason, messages,
           round((ended - started) / 1000), to_timestamp(started / 1000), to_timestamp(ended / 1000)
    FROM json_to_recordset(p_rare -> 'outcome') AS r (i int, t int, c uuid, run int, dialog text, reason text, state text,
      messages int, started double precision, ended double precision)
    WHERE i = ANY (p_ok);
  END IF;

  IF p_rare -> 'contact' IS NOT NULL THEN
    INSERT INTO contact_identities AS known (tenant_id, origin_id, identity, conv, name, assigned_name, phone, username, external_id,
                                             blacklisted)
    SELECT t, origin, identity, (array_agg(c))[1],
      (array_agg(name ORDER BY z DESC) FILTER (WHERE name IS NOT NULL))[1],
      (array_agg(assigned ORDER BY z DESC) FILTER (WHERE assigned IS NOT NULL))[1],
      (array_agg(phone ORDER BY z DESC) FILTER (WHERE phone IS NOT NULL))[1],
      (array_agg(username ORDER BY z DESC) FILTER (WHERE username IS NOT NULL))[1],
      (array_agg(external ORDER BY z DESC) FILTER (WHERE external IS NOT NULL))[1],
      coalesce(bool_or(blacklisted), false)
    FROM json_to_recordset(p_rare -> 'contact') AS r (z int, i int, t int, c uuid, origin int, identity text, name text, assigned text,
      phone text, username text, external text, blacklisted boolean)
    WHERE i = ANY (p_ok) GROUP BY t, origin, identity ORDER BY t, origin, identity
    ON CONFLICT (tenant_id, origin_id, identity) DO UPDATE SET
      name = coalesce(excluded.name, known.name), assigned_name = coalesce(excluded.assigned_name, known.assigned_name),
      phone = coalesce(excluded.phone, known.phone), username = coalesce(excluded.username, known.username), external_id = coalesce(excluded.external_id, known.external_id),
      blacklisted = known.blacklisted OR excluded.blacklisted, updated_at = now();
  END IF;

  IF p_rare -> 'contact_tag' IS NOT NULL THEN
    WITH last_word AS (
      SELECT DISTINCT ON (t, origin, identity, tag) * FROM json_to_recordset(p_rare -> 'contact_tag') AS r (
        z int, i int, t int, origin int, identity text, tag text, added boolean)
      WHERE i = ANY (p_ok) ORDER BY t, origin, identity, tag, z DESC
    ), removed AS (
      DELETE FROM contact_tags USING last_word w
      WHERE NOT added AND tenant_id = t AND origin_id = origin AND contact_tags.identity = w.identity AND tag_id = tag
    ) INSERT INTO contact_tags (tenant_id, origin_id, identity, tag_id)
    SELECT t, origin, identity, tag FROM last_word WHERE added ON CONFLICT DO NOTHING;
  END IF;

  IF p_rare -> 'request' IS NOT NULL THEN
    INSERT INTO requests AS known (tenant_id, origin_id, request_id, conv, kind, opened_at, closed_at)
    SELECT t, origin, request, (array_agg(c ORDER BY z))[1], (array_agg(kind ORDER BY z DESC) FILTER (WHERE kind IS NOT NULL))[1],
      to_timestamp(min(opened) / 1000), to_timestamp(min(closed) / 1000)
    FROM json_to_recordset(p_rare -> 'request') AS r (z int, i int, t int, c uuid, origin int, request text, kind text,
      opened double precision, closed double precision)
    WHERE i = ANY (p_ok) GROUP BY t, origin, request ORDER BY t, origin, request
    ON CONFLICT (tenant_id, origin_id, request_id) DO UPDATE SET
      kind = coalesce(excluded.kind, known.kind), opened_at = coalesce(known.opened_at, excluded.opened_at),
      closed_at = coalesce(known.closed_at, excluded.closed_at);
  END IF;

  IF p_rare -> 'request_tag' IS NOT NULL THEN
    WITH last_word AS (
      SELECT DISTINCT ON (t, origin, request, tag) * FROM json_to_recordset(p_rare -> 'request_tag') AS r (
        z int, i int, t int, origin int, request text, tag text, added boolean)
      WHERE i = ANY (p_ok) ORDER BY t, origin, request, tag, z DESC
    ), removed AS (
      DELETE FROM request_tags USING last_word
      WHERE NOT added AND tenant_id = t AND origin_id = origin AND request_id = request AND tag_id = tag
    ) INSERT INTO request_tags (tenant_id, origin_id, request_id, tag_id)
    SELECT t, origin, request, tag FROM last_word WHERE added ON CONFLICT DO NOTHING;
  END IF;

  IF p_rare -> 'operator' IS NOT NULL THEN
    INSERT INTO platform_operators AS known (tenant_id, origin_id, operator_id, email, online, status, updated_at)
    SELECT DISTINCT ON (t, origin, operator) t, origin, operator, email, online, status, to_timestamp(at / 1000)
    FROM json_to_recordset(p_rare -> 'operator') AS r (z int, i int, t int, origin int, operator text, email text, online boolean,
      status text, at double precision)
    WHERE i = ANY (p_ok) ORDER BY t, origin, operator, z DESC
    ON CONFLICT (tenant_id, origin_id, operator_id) DO UPDATE
      SET email = coalesce(excluded.email, known.email), online = excluded.online, status = excluded.status,
          updated_at = excluded.updated_at;
  END IF;

  IF p_rare -> 'reachable' IS NOT NULL THEN
    INSERT INTO contact_identities AS known (tenant_id, origin_id, identity, conv, reachable)
    SELECT DISTINCT ON (t, origin, identity) t, origin, identity, c, reachable
    FROM json_to_recordset(p_rare -> 'reachable') AS r (z int, i int, t int, c uuid, origin int, identity text, reachable boolean)
    WHERE i = ANY (p_ok) ORDER BY t, origin, identity, z DESC
    ON CONFLICT (tenant_id, origin_id, identity) DO UPDATE SET reachable = excluded.reachable, updated_at = now();
  END IF;

  IF p_rare -> 'change' IS NOT NULL THEN PERFORM change_messages(p_rare -> 'change', p_ok); END IF;
  IF p_rare -> 'media' IS NOT NULL THEN PERFORM add_media(p_rare -> 'media', p_ok); END IF;

  -- An echo proves that an attempt with an unknown end arrived: its record says so, and a resend that has not begun is dropped.
  IF p_rare -> 'settled' IS NOT NULL THEN
    WITH settled AS (
      UPDATE attempts SET outcome = 'sent', message_id = r.message,
        settled_by = CASE WHEN outcome = 'unknown' THEN 'echo' ELSE settled_by END
      FROM json_to_recordset(p_rare -> 'settled') AS r (i int, t int, c uuid, delivery bigint, attempt int, message text)
      WHERE i = ANY (p_ok) AND tenant_id = t AND conv = c AND seq = delivery AND n = attempt
        AND outcome IN ('unknown', 'sent') AND attempts.message_id IS NULL
      RETURNING tenant_id, conv, seq, n
    ), not_parked AS (
      -- A replay of it would be a second copy.
      DELETE FROM parked_deliveries p USING settled s
      WHERE p.tenant_id = s.tenant_id AND p.conv = s.conv AND p.seq = s.seq AND p.attempt = s.n
    ) DELETE FROM outbox USING settled
    WHERE outbox.tenant_id = settled.tenant_id AND outbox.conv = settled.conv AND outbox.seq = settled.seq
      AND outbox.status = 'pending' AND outbox.attempt = settled.n;
    PERFORM carry_receipts(t, c, origin, ARRAY[message])
    FROM json_to_recordset(p_rare -> 'settled') AS r (i int, t int, c uuid, origin int, message text) WHERE i = ANY (p_ok);
  END IF;
END $$;

-- park_event: sets the first open event of a lane aside, with a visible gap, so that the later ones go on. The caller holds the
-- conversation's lock; the version rises, so that whoever decided this event elsewhere loses.
CREATE FUNCTION park_event(p_tenant int, p_conv uuid, p_id bigint, p_reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  v_version bigint;
  v_origin int;
BEGIN
  UPDATE conversations SET version = version + 1 WHERE tenant_id = p_tenant AND conv = p_conv
  RETURNING version, origin_id INTO v_version, v_origin;
  INSERT INTO parked (tenant_id, conv, id, origin_id, kind, raw, item, attempts, reason, history, received_at)
  SELECT p_tenant, p_conv, p_id, v_origin, coalesce(j.kind, 'unknown'), coalesce(journal_body(p_tenant, p.at, p_id), ''), coalesce(j.item, 0), p.attempts,
    p_reason, coalesce(p.history, '[]'), p.at
  FROM pending p
  LEFT JOIN journal j ON j.tenant_id = p_tenant AND j.day = (p.at AT TIME ZONE 'UTC')::date AND j.id = p.id
  WHERE p.tenant_id = p_tenant AND p.conv = p_conv AND p.id = p_id;
  DELETE FROM pending WHERE tenant_id = p_tenant AND conv = p_conv AND id = p_id;
  INSERT INTO messages (tenant_id, conv, seq, origin_id, event_id, author, kind, text, at)
  VALUES (p_tenant, p_conv, v_version * 1000, v_origin, p_id, 'platform', 'gap', '', now());
END $$;

-- noted: the history of an event with one entry more, at most the last 50.
CREATE FUNCTION noted(p_history jsonb, p_entry jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT jsonb_agg(entry ORDER BY place) FROM (
    SELECT entry, place FROM jsonb_array_elements(coalesce(p_history, '[]') || jsonb_build_array(p_entry))
      WITH ORDINALITY AS all_of (entry, place)
    ORDER BY place DESC LIMIT 50
  ) kept
$$;

-- count_attempt: adds p_more to the attempts of an open event, at least p_floor before it, under the conversation's lock.
--   returns  the attempts; null when the event is not open any more
CREATE FUNCTION count_attempt(p_tenant int, p_conv uuid, p_id bigint, p_reason text, p_floor int, p_more int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  v_attempts int;
BEGIN
  INSERT INTO conversations (tenant_id, conv, origin_id)
  SELECT p_tenant, p_conv, coalesce(j.origin_id, 0) FROM pending p
  LEFT JOIN journal j ON j.tenant_id = p_tenant AND j.day = (p.at AT TIME ZONE 'UTC')::date AND j.id = p.id
  WHERE p.tenant_id = p_tenant AND p.conv = p_conv AND p.id = p_id
  ON CONFLICT DO NOTHING;
  PERFORM FROM conversations WHERE tenant_id = p_tenant AND conv = p_conv FOR UPDATE;
  UPDATE pending SET attempts = greatest(attempts, p_floor) + p_more, reason = p_reason,
    history = noted(history, jsonb_build_object('at', ms(now()), 'n', greatest(attempts, p_floor) + p_more, 'reason', p_reason))
  WHERE tenant_id = p_tenant AND conv = p_conv AND id = p_id RETURNING attempts INTO v_attempts;
  RETURN v_attempts;
END $$;

-- fail_event: records that the first open event of a lane could not be handled; at the last attempt it is parked.
--   p_counted  suspect_event has counted this attempt already
--   returns    parked, and the ms until the next try when it is not
CREATE FUNCTION fail_event(p_tenant int, p_conv uuid, p_id bigint, p_reason text, p_attempts_max int, p_counted boolean)
RETURNS TABLE (parked boolean, wait_ms double precision)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  v_attempts int := count_attempt(p_tenant, p_conv, p_id, p_reason, 0, CASE WHEN p_counted THEN 0 ELSE 1 END);
  v_wait interval := 2 ^ (v_attempts - 1) * interval '1 s';
BEGIN
  IF v_attempts IS NULL THEN
    RETURN QUERY SELECT false, 0::double precision;
  ELSIF v_attempts >= p_attempts_max THEN
    PERFORM park_event(p_tenant, p_conv, p_id, p_reason);
    RETURN QUERY SELECT true, 0::double precision;
  ELSE
    UPDATE pending SET next_at = now() + v_wait WHERE tenant_id = p_tenant AND conv = p_conv AND id = p_id;
    RETURN QUERY SELECT false, ms(v_wait);
  END IF;
END $$;

-- suspect_event: counts an attempt at a lane's first open event before it is begun, because those before it ended with the death
-- of their process: two of them went uncounted. An event that has used up its attempts is parked instead.
--   p_survived  whoever began last is alive: if it has blamed nobody (lost its connection, waited), that start is the one counted
--   returns     none (no event may be tried now) | counted | parked
CREATE FUNCTION suspect_event(p_tenant int, p_conv uuid, p_reason text, p_attempts_max int, p_survived boolean) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  v_id bigint;
  v_counted boolean;
BEGIN
  SELECT id, attempts > 2 AND next_at IS NULL INTO v_id, v_counted FROM (
    SELECT * FROM pending WHERE tenant_id = p_tenant AND conv = p_conv ORDER BY id LIMIT 1
  ) first_open WHERE coalesce(next_at <= now(), true);
  IF NOT FOUND THEN RETURN 'none'; END IF;
  IF p_survived AND v_counted THEN RETURN 'counted'; END IF;
  IF count_attempt(p_tenant, p_conv, v_id, p_reason, 2, 1) > p_attempts_max THEN
    PERFORM park_event(p_tenant, p_conv, v_id, p_reason);
    RETURN 'parked';
  END IF;
  -- Set again by whoever blames the event for this start.
  UPDATE pending SET next_at = NULL WHERE tenant_id = p_tenant AND conv = p_conv AND id = v_id;
  RETURN 'counted';
END $$;

-- echo_facts: what the outbox knows about messages that come back from a platform. One snapshot: a send in flight is either
-- still `sending` or has its attempt recorded, so an echo that matches neither was not sent by us. An attempt whose message id
-- nobody knows (no answer, or an answer without one) can only be recognised by its text.
--   p_echoes [{i: place, t: tenant, c: conv, g: origin, m: platform's message id}]
CREATE FUNCTION echo_facts(p_echoes json) RETURNS TABLE (i int, ours boolean, in_flight boolean, unsettled json)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT e.i,
    EXISTS (SELECT FROM attempts WHERE tenant_id = e.t AND origin_id = e.g AND message_id = e.m),
    EXISTS (SELECT FROM outbox WHERE tenant_id = e.t AND conv = e.c AND status = 'sending'),
    (SELECT coalesce(json_agg(json_build_object('seq', a.seq::text, 'n', a.n, 'text', m.text)), '[]')
     FROM attempts a JOIN messages m USING (tenant_id, conv, seq)
     WHERE a.tenant_id = e.t AND a.conv = e.c AND a.outcome IN ('unknown', 'sent') AND a.message_id IS NULL)
  FROM json_to_recordset(p_echoes) AS e (i int, t int, c uuid, g int, m text)
$$;

-- stranded_lanes: a page of the walk over open events that have waited longer than any healthy lane lets them.
CREATE FUNCTION stranded_lanes(p_after bigint, p_age_ms int, p_limit int)
RETURNS TABLE (id bigint, tenant_id int, conv uuid, wait_ms double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT id, tenant_id, conv, ms(next_at - now()) FROM pending
  WHERE id > p_after AND at < now() - p_age_ms * interval '1 ms' ORDER BY id LIMIT p_limit
$$;

-- due_timers: a page of the conversations with a deadline that may be due.
CREATE FUNCTION due_timers(p_limit int, p_offset int) RETURNS TABLE (tenant_id int, conv uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
'SELECT tenant_id, conv FROM timers WHERE due_at <= now() ORDER BY due_at, tenant_id, conv LIMIT p_limit OFFSET p_offset';

-- postpone_timer: a deadline that cannot be handled is looked at again later, so that it does not take the others' places.
CREATE FUNCTION postpone_timer(p_tenant int, p_conv uuid, p_wait_ms int) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE timers SET due_at = now() + p_wait_ms * interval '1 ms'
  WHERE tenant_id = p_tenant AND conv = p_conv AND due_at <= now()
$$;
