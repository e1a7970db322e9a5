-- What people do by hand: parked work is looked at, replayed or discarded; the ledger is balanced; old days are dropped.
--
--   pending ──5 failed attempts──▶ parked ──discard──▶ discarded                    (events)
--      ▲                             │
--      └─────────── replay ──────────┘
--   outbox ──last retry, deadline──▶ parked_deliveries ──discard──▶ discarded_deliveries
--      ▲                             │
--      └─────────── replay ──────────┘
--
-- Every function takes the tenant as an argument, and a transaction that has named its tenant (`hookdesk.tenant`) reaches that one
-- alone, whatever it asks for: what an API forgets to ask is not answered.

CREATE FUNCTION within_reach(p_tenant int) RETURNS boolean LANGUAGE sql STABLE AS
'SELECT coalesce(p_tenant = nullif(current_setting(''hookdesk.tenant'', true), '''')::int, true)';

-- What journal partitions held when they were dropped, per origin and day; the ledger goes on counting it.
CREATE TABLE journal_dropped (
  tenant_id int NOT NULL,
  origin_id int NOT NULL,
  day       date NOT NULL,
  events    bigint NOT NULL,
  ignored   bigint NOT NULL,
  PRIMARY KEY (tenant_id, origin_id, day)
);
SELECT isolate('journal_dropped');

-- parked_work: what is parked, the newest first, without what customers wrote.
--   p_kind, p_tenant (number or name), p_origin (number, key, or channel/key), p_since: null means any
CREATE FUNCTION parked_work(p_kind text, p_tenant text, p_origin text, p_since timestamptz, p_limit int) RETURNS TABLE (
  kind text, tenant_id int, tenant text, origin_id int, origin text, conv uuid, number bigint, attempts int, reason text,
  began_ms double precision, parked_ms double precision, found bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT w.kind, w.tenant_id, t.name, w.origin_id, coalesce(o.channel || '/' || o.origin_key, w.origin_id::text), w.conv, w.number,
    w.attempts, w.reason, ms(w.began_at), ms(w.parked_at), count(*) OVER ()
  FROM (
    SELECT 'event' AS kind, tenant_id, origin_id, conv, id AS number, attempts::int, reason, received_at AS began_at, parked_at
    FROM parked
    UNION ALL
    SELECT 'delivery', tenant_id, origin_id, conv, seq, attempt, reason, created_at, parked_at FROM parked_deliveries
  ) w
  LEFT JOIN tenants t USING (tenant_id)
  LEFT JOIN origins o USING (tenant_id, origin_id)
  WHERE within_reach(w.tenant_id)
    AND (p_kind IS NULL OR w.kind = p_kind)
    AND (p_tenant IS NULL OR p_tenant IN (w.tenant_id::text, t.name))
    AND (p_origin IS NULL OR p_origin IN (w.origin_id::text, o.origin_key, o.channel || '/' || o.origin_key))
    AND (p_since IS NULL OR w.parked_at >= p_since)
  ORDER BY w.parked_at DESC, w.kind, w.number DESC
  LIMIT p_limit
$$;

-- parked_item: one piece of parked work with its history. A conversation may be named by the beginning of its id (hexadecimal,
-- without dashes), so more than one may be found.
--   p_raw    whether to tell the bytes as well, which hold customer data
--   history  events: as in pending; deliveries: [{at, n, outcome, status, detail}]
CREATE FUNCTION parked_item(p_kind text, p_conv text, p_number bigint, p_raw boolean) RETURNS TABLE (
  kind text, tenant_id int, tenant text, origin_id int, origin text, conv uuid, number bigint, attempts int, reason text,
  began_ms double precision, parked_ms double precision, history jsonb, raw bytea, item int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT w.kind, w.tenant_id, t.name, w.origin_id, coalesce(o.channel || '/' || o.origin_key, w.origin_id::text), w.conv, w.number,
    w.attempts, w.reason, ms(w.began_at), ms(w.parked_at), w.history, CASE WHEN p_raw THEN w.raw END, w.item
  FROM (
    SELECT 'event' AS kind, tenant_id, origin_id, conv, id AS number, attempts::int, reason, received_at AS began_at, parked_at,
      history, raw, item
    FROM parked WHERE p_kind = 'event' AND id = p_number
    UNION ALL
    SELECT 'delivery', p.tenant_id, p.origin_id, p.conv, p.seq, p.attempt, p.reason, p.created_at, p.parked_at,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('at', ms(a.started_at), 'n', a.n, 'outcome', a.outcome, 'status', a.status,
                                                    'detail', a.detail) ORDER BY a.n), '[]')
       FROM attempts a WHERE a.tenant_id = p.tenant_id AND a.conv = p.conv AND a.seq = p.seq),
      convert_to(p.body, 'UTF8'), 0
    FROM parked_deliveries p WHERE p_kind = 'delivery' AND p.seq = p_number
  ) w
  LEFT JOIN tenants t USING (tenant_id)
  LEFT JOIN origins o USING (tenant_id, origin_id)
  WHERE within_reach(w.tenant_id) AND starts_with(replace(w.conv::text, '-', ''), p_conv)
  ORDER BY w.tenant_id, w.conv
$$;

-- replay_event: puts a parked event back into the open work, as if it had just failed for the first time and may be tried at once.
-- Its conversation's version rises, so that whoever decided without it loses; a journal row whose day was dropped comes back.
--   returns replayed | gone (somebody was faster)
CREATE FUNCTION replay_event(p_tenant int, p_conv uuid, p_id bigint, p_by text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  v_event parked;
  v_day date;
BEGIN
  IF NOT within_reach(p_tenant) THEN RETURN 'gone'; END IF;
  PERFORM FROM conversations WHERE tenant_id = p_tenant AND conv = p_conv FOR UPDATE;
  DELETE FROM parked WHERE tenant_id = p_tenant AND conv = p_conv AND id = p_id RETURNING * INTO v_event;
  IF v_event.id IS NULL THEN RETURN 'gone'; END IF;
  -- From here to the commit no day can be dropped, see drop_journal_before.
  LOCK TABLE journal IN ACCESS SHARE MODE;
  v_day := (v_event.received_at AT TIME ZONE 'UTC')::date;
  IF NOT EXISTS (SELECT FROM journal WHERE tenant_id = p_tenant AND day = v_day AND id = p_id) THEN
    INSERT INTO journal (tenant_id, day, id, origin_id, conv, kind, raw, item, received_at)
    VALUES (p_tenant, v_day, p_id, v_event.origin_id, p_conv, v_event.kind, v_event.raw, v_event.item, v_event.received_at);
    UPDATE journal_dropped SET events = events - 1
    WHERE tenant_id = p_tenant AND origin_id = v_event.origin_id AND day = v_day;
  END IF;
  INSERT INTO pending (tenant_id, conv, id, at, replayed_at, history)
  VALUES (p_tenant, p_conv, p_id, v_event.received_at, now(),
          noted(v_event.history, jsonb_build_object('at', ms(now()), 'replayed_by', p_by)));
  UPDATE conversations SET version = version + 1 WHERE tenant_id = p_tenant AND conv = p_conv;
  RETURN 'replayed';
END $$;

-- replay_delivery: puts a parked delivery back into the outbox, at the place its seq says, with a new deadline and no failures.
--   returns replayed | gone (somebody was faster) | sent (an attempt was found to have arrived after all: it is not parked any more)
--           superseded (the bot's answer belongs to an owner epoch that is over: it stays parked)
CREATE FUNCTION replay_delivery(p_tenant int, p_conv uuid, p_seq bigint, p_deadline_ms double precision) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  v_delivery parked_deliveries;
  v_epoch int;
BEGIN
  IF NOT within_reach(p_tenant) THEN RETURN 'gone'; END IF;
  -- The conversation's lock waits for an echo that is being recorded, the attempts' for a late answer.
  SELECT owner_epoch INTO v_epoch FROM conversations WHERE tenant_id = p_tenant AND conv = p_conv FOR UPDATE;
  SELECT * INTO v_delivery FROM parked_deliveries WHERE tenant_id = p_tenant AND conv = p_conv AND seq = p_seq FOR UPDATE;
  IF NOT FOUND THEN RETURN 'gone'; END IF;
  IF v_delivery.author = 'bot' AND v_delivery.owner_epoch <> v_epoch THEN RETURN 'superseded'; END IF;
  PERFORM FROM attempts WHERE tenant_id = p_tenant AND conv = p_conv AND seq = p_seq ORDER BY n FOR UPDATE;
  DELETE FROM parked_deliveries WHERE tenant_id = p_tenant AND conv = p_conv AND seq = p_seq;
  IF EXISTS (SELECT FROM attempts WHERE tenant_id = p_tenant AND conv = p_conv AND seq = p_seq AND outcome = 'sent') THEN
    RETURN 'sent';
  END IF;
  INSERT INTO outbox (tenant_id, conv, seq, origin_id, author, owner_epoch, attempt, body, created_at, deadline_at)
  VALUES (p_tenant, p_conv, p_seq, v_delivery.origin_id, v_delivery.author, v_delivery.owner_epoch, v_delivery.attempt,
          v_delivery.body, v_delivery.created_at, now() + p_deadline_ms * interval '1 ms');
  RETURN 'replayed';
END $$;

-- discard_event, discard_delivery: end parked work for good, with who decided it and why.
--   returns discarded | gone
CREATE FUNCTION discard_event(p_tenant int, p_conv uuid, p_id bigint, p_by text, p_why text) RETURNS text
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH ended AS (
    DELETE FROM parked WHERE within_reach(p_tenant) AND tenant_id = p_tenant AND conv = p_conv AND id = p_id RETURNING *
  ), kept AS (
    INSERT INTO discarded (tenant_id, conv, id, origin_id, attempts, reason, history, received_at, parked_at, discarded_by, why)
    SELECT tenant_id, conv, id, origin_id, attempts, reason, history, received_at, parked_at, p_by, p_why FROM ended
    RETURNING id
  ) SELECT CASE WHEN EXISTS (SELECT FROM kept) THEN 'discarded' ELSE 'gone' END
$$;

CREATE FUNCTION discard_delivery(p_tenant int, p_conv uuid, p_seq bigint, p_by text, p_why text) RETURNS text
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH ended AS (
    DELETE FROM parked_deliveries WHERE within_reach(p_tenant) AND tenant_id = p_tenant AND conv = p_conv AND seq = p_seq
    RETURNING *
  ), kept AS (
    INSERT INTO discarded_deliveries (tenant_id, conv, seq, origin_id, attempt, reason, created_at, parked_at, discarded_by, why)
    SELECT tenant_id, conv, seq, origin_id, attempt, reason, created_at, parked_at, p_by, p_why FROM ended
    RETURNING seq
  ) SELECT CASE WHEN EXISTS (SELECT FROM kept) THEN 'discarded' ELSE 'gone' END
$$;

-- ledger: what became of every event, per origin, in one snapshot, so that it balances while everything runs:
--   received = applied + duplicate + ignored + parked + discarded + pending
-- `applied` is counted by the conversations themselves, not derived from the journal. Reads the whole journal.
CREATE FUNCTION ledger(p_tenant text, p_origin text) RETURNS TABLE (
  tenant_id int, tenant text, origin_id int, origin text,
  received bigint, applied bigint, duplicate bigint, ignored bigint, parked bigint, discarded bigint, pending bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH entries (tenant_id, origin_id, received, applied, duplicate, ignored, parked, discarded, pending) AS (
    SELECT tenant_id, origin_id, 0, 0, 0, 0, 0, 0, 0 FROM origins
    UNION ALL SELECT tenant_id, origin_id, count(*), 0, 0, count(ignored), 0, 0, 0 FROM journal GROUP BY 1, 2
    UNION ALL SELECT tenant_id, origin_id, events, 0, 0, ignored, 0, 0, 0 FROM journal_dropped
    UNION ALL SELECT tenant_id, origin_id, copies, 0, copies, 0, 0, 0, 0 FROM origin_duplicates
    UNION ALL SELECT tenant_id, origin_id, 0, sum(applied)::bigint, 0, 0, 0, 0, 0 FROM conversations GROUP BY 1, 2
    UNION ALL SELECT tenant_id, origin_id, 0, 0, 0, 0, count(*), 0, 0 FROM parked GROUP BY 1, 2
    UNION ALL SELECT tenant_id, origin_id, 0, 0, 0, 0, 0, count(*), 0 FROM discarded GROUP BY 1, 2
    UNION ALL
    SELECT p.tenant_id, coalesce(j.origin_id, 0), 0, 0, 0, 0, 0, 0, count(*) FROM pending p
    LEFT JOIN journal j ON j.tenant_id = p.tenant_id AND j.day = (p.at AT TIME ZONE 'UTC')::date AND j.id = p.id
    GROUP BY 1, 2
  )
  SELECT e.tenant_id, t.name, e.origin_id, coalesce(o.channel || '/' || o.origin_key, e.origin_id::text),
    sum(e.received)::bigint, sum(e.applied)::bigint, sum(e.duplicate)::bigint, sum(e.ignored)::bigint, sum(e.parked)::bigint,
    sum(e.discarded)::bigint, sum(e.pending)::bigint
  FROM entries e
  LEFT JOIN tenants t USING (tenant_id)
  LEFT JOIN origins o USING (tenant_id, origin_id)
  WHERE within_reach(e.tenant_id)
    AND (p_tenant IS NULL OR p_tenant IN (e.tenant_id::text, t.name))
    AND (p_origin IS NULL OR p_origin IN (e.origin_id::text, o.origin_key, o.channel || '/' || o.origin_key))
  GROUP BY e.tenant_id, t.name, e.origin_id, o.channel, o.origin_key
  ORDER BY e.tenant_id, e.origin_id
$$;

-- drop_journal_before: drops the journal's days before p_day and keeps their counts. Refuses while an event of those days is not
-- applied (parked ones carry their own bytes), and when the tables cannot be had at once: nothing then has changed, ask again later.
--   returns the events dropped
-- Ids are looked for by the time of receipt, which is also what names an event's day. Counting happens before the lock that stops
-- everybody, on days to which nobody writes any more.
CREATE FUNCTION drop_journal_before(p_day date) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '500ms' AS $$
#variable_conflict use_column
DECLARE
  v_old text[];
  v_table text;
  v_open bigint;
  v_counted bigint;
  v_events bigint := 0;
BEGIN
  IF p_day > (now() AT TIME ZONE 'UTC')::date THEN
    RAISE EXCEPTION 'the day before % is not over', p_day USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  SELECT coalesce(array_agg(c.relname::text ORDER BY c.relname), '{}') INTO v_old
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
  WHERE i.inhparent = 'journal'::regclass AND c.relname ~ '^journal_\d{8}$' AND substr(c.relname, 9) < to_char(p_day, 'YYYYMMDD');

  FOREACH v_table IN ARRAY v_old || 'journal_overflow'::text LOOP
    IF v_table <> 'journal_overflow' THEN EXECUTE format('LOCK TABLE %I IN SHARE MODE', v_table); END IF;
    EXECUTE format(
      'WITH gone AS (%s), counted AS (
         INSERT INTO journal_dropped AS kept (tenant_id, origin_id, day, events, ignored)
         SELECT tenant_id, origin_id, day, count(*), count(ignored) FROM gone GROUP BY 1, 2, 3
         ON CONFLICT (tenant_id, origin_id, day) DO UPDATE
           SET events = kept.events + excluded.events, ignored = kept.ignored + excluded.ignored
       ) SELECT count(*) FROM gone',
      CASE WHEN v_table = 'journal_overflow'
        THEN format('DELETE FROM journal_overflow WHERE day < %L RETURNING tenant_id, origin_id, day, ignored', p_day)
        ELSE format('SELECT tenant_id, origin_id, day, ignored FROM %I', v_table) END)
    INTO v_counted;
    v_events := v_events + v_counted;
  END LOOP;

  LOCK TABLE journal IN ACCESS EXCLUSIVE MODE;
  SELECT count(*) INTO v_open FROM pending WHERE at < p_day::timestamp AT TIME ZONE 'UTC';
  IF v_open > 0 THEN
    RAISE EXCEPTION 'events received before % are not applied yet: %', p_day, v_open
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  FOREACH v_table IN ARRAY v_old LOOP
    EXECUTE format('DROP TABLE %I', v_table);
  END LOOP;
  RETURN v_events;
END $$;

-- oldest_journal_day: the first day that has a partition or stands in the overflow; null when there is none.
CREATE FUNCTION oldest_journal_day() RETURNS date
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT min(day) FROM (
    SELECT to_date(substr(c.relname, 9), 'YYYYMMDD') AS day FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'journal'::regclass AND c.relname ~ '^journal_\d{8}$'
    UNION ALL SELECT min(day) FROM journal_overflow
  ) days
$$;

-- Everything above and in the migrations before this one that sees every tenant.
SELECT close_to_public();
