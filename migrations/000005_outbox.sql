-- Messages on their way out. A row here is the truth, everything in Redis only a hint.
--
--  pending ──mark(token, attempt+1)──▶ sending ──▶ sent | rejected | superseded | parked          row deleted, attempt recorded
--    ▲ ▲                                 │ │ └── no answer in time ──▶ unknown ── hold ──▶ final, shown
--    │ └── throttled, expired grant ─────┘ │                             │
--    └──── certain failure, back-off ──────┘      resend ◀───────────────┘

CREATE TABLE outbox (
  tenant_id   int NOT NULL,
  conv        uuid NOT NULL,
  -- version * 1000 + ord of the message: dense in commit order, never late.
  seq         bigint NOT NULL,
  origin_id   int NOT NULL,
  author      text NOT NULL CHECK (author IN ('bot', 'operator')),
  owner_epoch int NOT NULL,
  status      text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'sending')),
  attempt     int NOT NULL DEFAULT 0,
  token       text,
  started_at  timestamptz,
  failures    int NOT NULL DEFAULT 0,
  next_at     timestamptz,
  -- {text, address}: what the channel needs, as JSON text so that ids keep their digits.
  body        text NOT NULL,
  created_at  timestamptz NOT NULL,
  deadline_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, conv, seq)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0);
SELECT isolate('outbox');

-- Every attempt with its end; `sent` without `settled_by` was answered by the platform in time.
CREATE TABLE attempts (
  tenant_id   int NOT NULL,
  conv        uuid NOT NULL,
  seq         bigint NOT NULL,
  n           int NOT NULL,
  origin_id   int NOT NULL,
  started_at  timestamptz NOT NULL,
  finished_at timestamptz NOT NULL DEFAULT now(),
  outcome     text NOT NULL CHECK (outcome IN ('sent', 'rejected', 'failed', 'not_sent', 'throttled', 'quota', 'unauthorized', 'unknown',
                                               'superseded', 'expired')),
  status      int,
  detail      text,
  message_id  text,
  declared_unknown_at timestamptz,
  settled_by  text CHECK (settled_by IN ('late_answer', 'echo')),
  PRIMARY KEY (tenant_id, conv, seq, n)
);
CREATE INDEX attempts_by_message ON attempts (tenant_id, origin_id, message_id) WHERE message_id IS NOT NULL;
-- Rows arrive in time order and only the last window is ever asked for: a block-range index costs nothing to keep.
CREATE INDEX attempts_by_start ON attempts USING brin (started_at) WITH (pages_per_range = 16, autosummarize = on);
SELECT isolate('attempts');

-- Deliveries given up after their last retry or their deadline, with all that a replay needs.
CREATE TABLE parked_deliveries (
  tenant_id   int NOT NULL,
  conv        uuid NOT NULL,
  seq         bigint NOT NULL,
  origin_id   int NOT NULL,
  author      text NOT NULL,
  owner_epoch int NOT NULL,
  attempt     int NOT NULL,
  failures    int NOT NULL,
  body        text NOT NULL,
  created_at  timestamptz NOT NULL,
  reason      text NOT NULL,
  parked_at   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, conv, seq)
);
SELECT isolate('parked_deliveries');

-- Parked deliveries that somebody decided never to send; the text stays with the conversation's messages.
CREATE TABLE discarded_deliveries (
  tenant_id    int NOT NULL,
  conv         uuid NOT NULL,
  seq          bigint NOT NULL,
  origin_id    int NOT NULL,
  attempt      int NOT NULL,
  reason       text NOT NULL,
  created_at   timestamptz NOT NULL,
  parked_at    timestamptz NOT NULL,
  discarded_at timestamptz NOT NULL DEFAULT now(),
  discarded_by text NOT NULL,
  why          text NOT NULL,
  PRIMARY KEY (tenant_id, conv, seq)
);
SELECT isolate('discarded_deliveries');

-- Keys nobody may call before `until`: from a 429, a used-up quota, a refused token.
CREATE TABLE holds (
  tenant_id int NOT NULL,
  origin_id int NOT NULL,
  -- The key of a narrower limit (a chat's, a group's), '' for the whole account.
  scope     text NOT NULL DEFAULT '',
  until     timestamptz NOT NULL,
  reason    text NOT NULL CHECK (reason IN ('throttled', 'quota', 'unauthorized')),
  since     timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, origin_id, scope)
);
SELECT isolate('holds');

-- Where each message to a customer stands; one row per delivery. One that is neither open nor parked and whose last attempt surely did
-- not arrive was given up as unknown (`hold`) before that was known: nothing more happens to it, so it is shown as rejected.
CREATE VIEW deliveries WITH (security_invoker = true) AS
  SELECT m.tenant_id, m.conv, m.seq, m.origin_id, m.author, m.at AS created_at,
    CASE WHEN o.seq IS NOT NULL THEN o.status WHEN p.seq IS NOT NULL THEN 'parked'
         WHEN d.seq IS NOT NULL THEN 'discarded'
         WHEN last.outcome IN ('failed', 'not_sent', 'throttled', 'quota', 'unauthorized') THEN 'rejected'
         ELSE coalesce(last.outcome, 'none') END AS status,
    last.n AS attempts, last.status AS http_status, last.detail, last.message_id
  FROM messages m
  LEFT JOIN outbox o USING (tenant_id, conv, seq)
  LEFT JOIN parked_deliveries p USING (tenant_id, conv, seq)
  LEFT JOIN discarded_deliveries d USING (tenant_id, conv, seq)
  LEFT JOIN LATERAL (
    SELECT * FROM attempts a WHERE a.tenant_id = m.tenant_id AND a.conv = m.conv AND a.seq = m.seq ORDER BY n DESC LIMIT 1
  ) last ON true
  WHERE m.author = 'bot';

-- Plans of these functions must not follow statistics: the tables are empty in one minute and full of dead rows in the next, and a
-- sequential scan that was right for the one costs milliseconds in the other. Hence enable_seqscan = off here and in 000006, no join
-- that reads all open rows of a conversation (it may have ten thousand), and one plan for all calls: nothing in them depends on the
-- values, and planning ten statements anew costs more than running them.

-- outbox_exchange: records the ends of attempts and marks the next ones, in one round trip.
--   p_finished [{t, c, q: seq, k: token, a: attempt, oc: outcome, fi: final, w: ms until the next try, fl: failures to add,
--                st: HTTP status, de: detail, mi: platform's message id, ho: hold ms | null, hr: hold reason, hs: key of what is held, un: expired grant,
--                pk: reason to park | null, bo: body with another address | null}]
--   p_grants   [{i: place, t, c, k: token, sc: keys of its narrower limits}]
--   returns    per grant: marked (with the delivery), waiting (head is not due yet), held (its account may not be called yet), busy
--              (head is being sent), superseded (head was dropped: its owner epoch is over; ask again), or empty
-- Only the lowest open row of a conversation can be marked: that alone keeps the order. Redis may have forgotten a hold; the mark
-- has not.
CREATE FUNCTION outbox_exchange(p_finished json, p_grants json) RETURNS TABLE (
  i int, verdict text, seq bigint, attempt int, failures int, author text, body text, wait_ms double precision, left_ms double precision,
  held_scope text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off SET enable_hashjoin = off
  SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
  IF json_array_length(p_finished) > 0 THEN PERFORM outbox_finish(p_finished); END IF;
  IF json_array_length(p_grants) = 0 THEN RETURN; END IF;
  RETURN QUERY
  WITH heads AS MATERIALIZED (
    SELECT g.i, g.k, h.*, coalesce(c.owner_epoch, h.owner_epoch) AS current_epoch, held.until AS held_until, held.scope AS held_scope
    -- Sorted, so that two groups with conversations in common wait for each other in one direction only.
    FROM (SELECT * FROM json_to_recordset(p_grants) AS x (i int, t int, c uuid, k text, sc text[]) ORDER BY t, c) g
    LEFT JOIN LATERAL (
      SELECT o.tenant_id, o.conv, o.seq, o.origin_id, o.status, o.next_at, o.owner_epoch, o.author AS written_by FROM outbox o
      WHERE o.tenant_id = g.t AND o.conv = g.c ORDER BY o.seq LIMIT 1 FOR UPDATE
    ) h ON true
    LEFT JOIN conversations c ON c.tenant_id = g.t AND c.conv = g.c
    LEFT JOIN LATERAL (
      SELECT until, scope FROM holds
      WHERE tenant_id = g.t AND origin_id = h.origin_id AND until > now() AND (scope = '' OR scope = ANY (g.sc))
      ORDER BY until DESC LIMIT 1
    ) held ON true
  ), marked AS (
    UPDATE outbox o SET status = 'sending', attempt = o.attempt + 1, token = h.k, started_at = clock_timestamp()
    FROM heads h
    WHERE o.tenant_id = h.tenant_id AND o.conv = h.conv AND o.seq = h.seq AND h.status = 'pending'
      AND coalesce(h.next_at <= now(), true) AND h.held_until IS NULL
      AND (h.written_by <> 'bot' OR h.owner_epoch = h.current_epoch)
    RETURNING h.i, o.seq, o.attempt, o.failures, o.author, o.body, o.deadline_at
  ), dropped AS (
    DELETE FROM outbox o USING heads h
    WHERE o.tenant_id = h.tenant_id AND o.conv = h.conv AND o.seq = h.seq AND h.status = 'pending'
      AND h.written_by = 'bot' AND h.owner_epoch <> h.current_epoch
    RETURNING h.i, o.tenant_id, o.conv, o.seq, o.attempt, o.origin_id
  ), noted AS (
    INSERT INTO attempts (tenant_id, conv, seq, n, origin_id, started_at, outcome)
    SELECT tenant_id, conv, seq, attempt + 1, origin_id, now(), 'superseded' FROM dropped
  )
  SELECT h.i,
    CASE WHEN m.i IS NOT NULL THEN 'marked' WHEN d.i IS NOT NULL THEN 'superseded' WHEN h.seq IS NULL THEN 'empty'
         WHEN h.status = 'sending' THEN 'busy' WHEN h.next_at > now() THEN 'waiting' ELSE 'held' END,
    m.seq, m.attempt, m.failures, m.author, m.body,
    ms(CASE WHEN h.next_at > now() THEN h.next_at ELSE h.held_until END - now()), ms(m.deadline_at - now()), h.held_scope
  FROM heads h LEFT JOIN marked m USING (i) LEFT JOIN dropped d USING (i);
END $$;

-- outbox_finish: the first half of outbox_exchange. An end counts only for the attempt that is still marked with its token; one that
-- comes after the attempt was declared unknown settles the record instead, and drops a resend that has not begun.
CREATE FUNCTION outbox_finish(p_finished json) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off SET enable_hashjoin = off
  SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  v_ended int;
  v_holds boolean;
BEGIN
  WITH ended AS MATERIALIZED (
    SELECT f.*, o.tenant_id, o.conv, o.seq, o.origin_id, o.started_at
    FROM json_to_recordset(p_finished) AS f (t int, c uuid, q bigint, k text, a int, oc text, fi boolean, w double precision, fl int,
      st int, de text, mi text, un boolean, pk text, bo text, ho double precision)
    -- A mark whose answer was lost names no delivery and is taken back by its token alone.
    JOIN outbox o ON o.tenant_id = f.t AND o.conv = f.c AND o.seq BETWEEN coalesce(f.q, 0) AND coalesce(f.q, 9223372036854775807)
    WHERE o.status = 'sending' AND o.token = f.k AND ((o.seq = f.q AND o.attempt = f.a) OR (f.un AND f.q IS NULL))
    ORDER BY o.tenant_id, o.conv, o.seq FOR UPDATE OF o
  ), recorded AS (
    INSERT INTO attempts (tenant_id, conv, seq, n, origin_id, started_at, outcome, status, detail, message_id, declared_unknown_at)
    SELECT tenant_id, conv, seq, a, origin_id, started_at, oc, st, de, mi, CASE WHEN oc = 'unknown' THEN now() END
    FROM ended WHERE NOT un
  ), parked_now AS (
    INSERT INTO parked_deliveries (tenant_id, conv, seq, origin_id, author, owner_epoch, attempt, failures, body, created_at, reason)
    SELECT o.tenant_id, o.conv, o.seq, o.origin_id, o.author, o.owner_epoch, o.attempt, o.failures + e.fl, o.body, o.created_at, e.pk
    FROM outbox o JOIN ended e USING (tenant_id, conv, seq) WHERE e.pk IS NOT NULL
  ), removed AS (
    DELETE FROM outbox o USING ended e
    WHERE o.tenant_id = e.tenant_id AND o.conv = e.conv AND o.seq = e.seq AND e.fi
  ), again AS (
    UPDATE outbox o SET status = 'pending', token = NULL, failures = o.failures + e.fl,
      attempt = CASE WHEN e.un THEN o.attempt - 1 ELSE o.attempt END,
      next_at = now() + e.w * interval '1 ms', body = coalesce(e.bo, o.body)
    FROM ended e WHERE o.tenant_id = e.tenant_id AND o.conv = e.conv AND o.seq = e.seq AND NOT e.fi
  ) SELECT count(*), coalesce(bool_or(ho IS NOT NULL), false) INTO v_ended, v_holds FROM ended;
  -- What follows is rare, and each look into the JSON text costs as much as the text is long.
  IF v_ended < json_array_length(p_finished) THEN
    PERFORM outbox_settle(p_finished);
  ELSIF NOT v_holds THEN
    RETURN;
  END IF;

  INSERT INTO holds AS held (tenant_id, origin_id, scope, until, reason)
  SELECT t, g, hs, now() + max(ho) * interval '1 ms', max(hr)
  FROM json_to_recordset(p_finished) AS f (t int, g int, ho double precision, hr text, hs text)
  WHERE ho IS NOT NULL GROUP BY t, g, hs ORDER BY t, g, hs
  ON CONFLICT (tenant_id, origin_id, scope) DO UPDATE SET
    until = greatest(held.until, excluded.until),
    since = CASE WHEN held.until < now() THEN now() ELSE held.since END,
    reason = CASE WHEN held.until > excluded.until THEN held.reason ELSE excluded.reason END;
END $$;

-- outbox_settle: ends that belong to no attempt in progress: those that were declared unknown before are settled by what is known now.
CREATE FUNCTION outbox_settle(p_finished json) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off SET enable_hashjoin = off
  SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  v_late record;
BEGIN
  FOR v_late IN WITH settled AS (
    UPDATE attempts SET outcome = f.oc, status = f.st, detail = f.de, message_id = f.mi, settled_by = 'late_answer'
    FROM json_to_recordset(p_finished) AS f (t int, c uuid, q bigint, a int, oc text, st int, de text, mi text, un boolean)
    WHERE tenant_id = f.t AND conv = f.c AND seq = f.q AND n = f.a AND outcome = 'unknown' AND declared_unknown_at < now()
      AND NOT un AND f.oc <> 'unknown'
    RETURNING tenant_id, conv, seq, n, outcome, origin_id, attempts.message_id
  ), not_parked AS (
    -- A replay of it would be a second copy.
    DELETE FROM parked_deliveries p USING settled s
    WHERE p.tenant_id = s.tenant_id AND p.conv = s.conv AND p.seq = s.seq AND p.attempt = s.n AND s.outcome IN ('sent', 'rejected')
  ), not_resent AS (
    DELETE FROM outbox o USING settled s
    WHERE o.tenant_id = s.tenant_id AND o.conv = s.conv AND o.seq = s.seq AND o.status = 'pending' AND o.attempt = s.n
      AND s.outcome IN ('sent', 'rejected')
  ) SELECT * FROM settled WHERE message_id IS NOT NULL
  LOOP
    -- The platform may have told what became of it before we knew that it was ours.
    PERFORM carry_receipts(v_late.tenant_id, v_late.conv, v_late.origin_id, ARRAY[v_late.message_id]);
  END LOOP;
END $$;

-- stranded_deliveries: a page of the walk over conversations with something to send, by their head.
CREATE FUNCTION stranded_deliveries(p_tenant int, p_conv uuid, p_age_ms int, p_limit int)
RETURNS TABLE (tenant_id int, conv uuid, origin_id int, open bigint, wait_ms double precision, identity text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT tenant_id, conv, min(page.origin_id), count(*),
    ms((array_agg(next_at ORDER BY seq))[1] - now()), min(c.identity)
  FROM (
    SELECT * FROM outbox
    WHERE (tenant_id, conv) > (p_tenant, p_conv) AND created_at < now() - p_age_ms * interval '1 ms'
    ORDER BY tenant_id, conv, seq LIMIT p_limit
  ) page
  LEFT JOIN conversations c USING (tenant_id, conv)
  GROUP BY tenant_id, conv
  ORDER BY tenant_id, conv
$$;

-- silent_sends: deliveries whose sender has not been heard of for longer than any call may take.
CREATE FUNCTION silent_sends(p_silent_ms int, p_limit int)
RETURNS TABLE (tenant_id int, conv uuid, seq bigint, origin_id int, author text, attempt int, failures int, token text, silences int,
  silent_ms double precision, left_ms double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT tenant_id, conv, seq, origin_id, author, attempt, failures, token,
    (SELECT count(*)::int FROM attempts a
     WHERE a.tenant_id = o.tenant_id AND a.conv = o.conv AND a.seq = o.seq AND a.declared_unknown_at IS NOT NULL AND a.detail = 'sender_silent'),
    ms(now() - started_at), ms(deadline_at - now())
  FROM outbox o WHERE status = 'sending' AND started_at < now() - p_silent_ms * interval '1 ms'
  ORDER BY started_at LIMIT p_limit
$$;

-- recent_sends: ages in ms of the calls of each origin inside its window, newest first and no more than its limit: what rebuilds
-- the limiter.
CREATE FUNCTION recent_sends(p_grace_ms int) RETURNS TABLE (tenant_id int, origin_id int, ages double precision[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT o.tenant_id, o.origin_id, (array_agg(ms(now() - calls.started_at) ORDER BY calls.started_at DESC))[1:o.rate_count]
  FROM (
    SELECT tenant_id, origin_id, started_at FROM attempts
    WHERE started_at > now() - interval '25 hours' AND outcome NOT IN ('superseded', 'expired')
      AND started_at > now() - ((SELECT max(rate_window_ms) FROM origins) + p_grace_ms) * interval '1 ms'
    UNION ALL SELECT tenant_id, origin_id, started_at FROM outbox WHERE status = 'sending'
  ) calls
  JOIN origins o USING (tenant_id, origin_id)
  WHERE calls.started_at > now() - (o.rate_window_ms + p_grace_ms) * interval '1 ms'
  GROUP BY o.tenant_id, o.origin_id, o.rate_count
$$;

-- conversation_sends: ages in ms of the calls to each conversation of an origin in the last p_within_ms: what rebuilds the narrower
-- limits.
CREATE FUNCTION conversation_sends(p_origin int, p_within_ms int) RETURNS TABLE (identity text, ages double precision[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.identity, array_agg(ms(now() - calls.started_at))
  FROM (
    SELECT tenant_id, conv, started_at FROM attempts
    WHERE started_at > now() - p_within_ms * interval '1 ms' AND origin_id = p_origin AND outcome NOT IN ('superseded', 'expired')
    UNION ALL SELECT tenant_id, conv, started_at FROM outbox WHERE status = 'sending' AND origin_id = p_origin
  ) calls
  JOIN conversations c USING (tenant_id, conv)
  WHERE c.identity IS NOT NULL
  GROUP BY c.tenant_id, c.conv, c.identity
$$;

-- active_holds: what must not be called, and for how long.
CREATE FUNCTION active_holds() RETURNS TABLE (tenant_id int, origin_id int, scope text, reason text, left_ms double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
'SELECT tenant_id, origin_id, scope, reason, ms(until - now()) FROM holds WHERE until > now()';

-- open_work: sizes and ages of everything that is not done, for /health and /metrics; counts stop at p_limit.
CREATE FUNCTION open_work(p_limit int) RETURNS TABLE (
  pending bigint, pending_oldest_ms double precision, outbox bigint, outbox_oldest_ms double precision, parked_events bigint, parked_deliveries bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT (SELECT count(*) FROM (SELECT FROM pending LIMIT p_limit) x),
    (SELECT ms(now() - at) FROM pending ORDER BY id LIMIT 1),
    (SELECT count(*) FROM (SELECT FROM outbox LIMIT p_limit) x),
    (SELECT ms(now() - min(created_at)) FROM (SELECT created_at FROM outbox LIMIT p_limit) x),
    (SELECT count(*) FROM (SELECT FROM parked LIMIT p_limit) x),
    (SELECT count(*) FROM (SELECT FROM parked_deliveries LIMIT p_limit) x)
$$;
