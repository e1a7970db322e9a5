-- What platforms told us: the deduplicator, the raw bytes, and the open work.

-- One row per platform event, for ever (bucket 0) or as long as its month is kept: the only deduplicator.
CREATE TABLE event_keys (
  tenant_id int NOT NULL,
  origin_id int NOT NULL,
  bucket    int NOT NULL,
  key       text NOT NULL,
  PRIMARY KEY (tenant_id, origin_id, bucket, key)
);
SELECT isolate('event_keys');

-- One uncached sequence over all processes: if A was acknowledged before B was received, A's id is lower.
CREATE SEQUENCE journal_id_seq AS bigint CACHE 1;

CREATE TABLE journal (
  tenant_id   int NOT NULL,
  day         date NOT NULL,
  id          bigint NOT NULL,
  origin_id   int NOT NULL,
  conv        uuid,
  kind        text NOT NULL,
  -- Why this event changes nothing; null for events that are applied.
  ignored     text,
  -- The whole body as it came, and which of its events this row is. The events of one body share it: all but the first are empty
  -- and name the row that has it, of the same tenant and day.
  raw         bytea NOT NULL,
  raw_of      bigint,
  item        int NOT NULL,
  received_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, day, id)
) PARTITION BY RANGE (day);
SELECT isolate('journal');

CREATE TABLE journal_overflow PARTITION OF journal DEFAULT;
SELECT isolate('journal_overflow');

-- Makes the partitions of the coming days; the default partition only catches what a stopped clock or service missed. A new partition
-- waits for everybody who reads the journal, and every webhook behind it: while somebody reads for long (a dump) it is given up.
CREATE FUNCTION prepare_journal(days_ahead int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
  first_day date := (now() AT TIME ZONE 'UTC')::date;
  wanted date;
  made int := 0;
BEGIN
  FOR wanted IN SELECT first_day + n FROM generate_series(0, days_ahead) n LOOP
    IF to_regclass(format('journal_%s', to_char(wanted, 'YYYYMMDD'))) IS NULL
       AND NOT EXISTS (SELECT FROM journal_overflow WHERE day = wanted) THEN
      EXECUTE format('CREATE TABLE journal_%s PARTITION OF journal FOR VALUES FROM (%L) TO (%L)',
        to_char(wanted, 'YYYYMMDD'), wanted, wanted + 1);
      PERFORM isolate(format('journal_%s', to_char(wanted, 'YYYYMMDD'))::regclass);
      made := made + 1;
    END IF;
  END LOOP;
  RETURN made;
END $$;

-- What is not applied yet, one row per event, deleted in the transaction that applies it. Small: open work only.
CREATE TABLE pending (
  tenant_id int NOT NULL,
  conv      uuid NOT NULL,
  id        bigint NOT NULL,
  at        timestamptz NOT NULL,
  attempts  smallint NOT NULL DEFAULT 0,
  next_at   timestamptz,
  reason    text,
  -- Null but for events that failed: [{at, n, reason} | {at, replayed_by}], the last 50.
  history   jsonb,
  -- A replayed event is decided by the time of its replay, because its conversation went on without it.
  replayed_at timestamptz,
  PRIMARY KEY (tenant_id, conv, id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX pending_by_age ON pending (id);
SELECT isolate('pending');

-- Events that failed five times: set aside with a copy of their bytes, so that their conversation goes on.
CREATE TABLE parked (
  tenant_id   int NOT NULL,
  conv        uuid NOT NULL,
  id          bigint NOT NULL,
  origin_id   int NOT NULL,
  kind        text NOT NULL DEFAULT 'unknown',
  raw         bytea NOT NULL,
  item        int NOT NULL,
  attempts    smallint NOT NULL,
  reason      text NOT NULL,
  history     jsonb NOT NULL DEFAULT '[]',
  received_at timestamptz NOT NULL,
  parked_at   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, conv, id)
);
SELECT isolate('parked');

-- Parked events that somebody decided never to apply; their bytes stay in the journal as long as their day does.
CREATE TABLE discarded (
  tenant_id    int NOT NULL,
  conv         uuid NOT NULL,
  id           bigint NOT NULL,
  origin_id    int NOT NULL,
  attempts     smallint NOT NULL,
  reason       text NOT NULL,
  history      jsonb NOT NULL,
  received_at  timestamptz NOT NULL,
  parked_at    timestamptz NOT NULL,
  discarded_at timestamptz NOT NULL DEFAULT now(),
  discarded_by text NOT NULL,
  why          text NOT NULL,
  PRIMARY KEY (tenant_id, conv, id)
);
SELECT isolate('discarded');

-- Copies that were absorbed, per origin and day; written only when there were any.
CREATE TABLE origin_duplicates (
  tenant_id int NOT NULL,
  origin_id int NOT NULL,
  day       date NOT NULL,
  copies    bigint NOT NULL,
  PRIMARY KEY (tenant_id, origin_id, day)
);
SELECT isolate('origin_duplicates');

-- ingest: stores a group of events of any tenants in one statement.
--   p_events  [{o: place in the group, t: tenant, g: origin, b: bucket, k: key, c: conv | null, y: kind, r: ignored | null,
--              f: first byte in p_raw (1-based), n: bytes, i: item, d: deliveries of this event in the group}]
--             with every (t, g, b, k) once
--   p_raw     the bodies, one after another
--   returns   one row per event that is new; those that are missing were known before
-- Keys are inserted in sorted order because unsorted groups deadlock; ids follow the place in the group.
CREATE FUNCTION ingest(p_events json, p_raw bytea) RETURNS TABLE (o int, id bigint, at_ms double precision)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  v_day date := (now() AT TIME ZONE 'UTC')::date;
BEGIN
  RETURN QUERY
  WITH input AS MATERIALIZED (
    SELECT * FROM json_to_recordset(p_events) AS x (
      o int, t int, g int, b int, k text, c uuid, y text, r text, f int, n int, i int, d int)
  ), fresh AS (
    INSERT INTO event_keys (tenant_id, origin_id, bucket, key)
    SELECT t, g, b, k FROM input ORDER BY t, g, b, k
    ON CONFLICT DO NOTHING
    RETURNING tenant_id, origin_id, bucket, key
  ), numbered AS MATERIALIZED (
    SELECT fresh_events.*, min(id) OVER (PARTITION BY f) AS carrier FROM (
    SELECT ordered.*, nextval('journal_id_seq') AS id FROM (
      SELECT input.* FROM input
      JOIN fresh ON fresh.tenant_id = t AND fresh.origin_id = g AND fresh.bucket = b AND fresh.key = k
      ORDER BY o
    ) ordered
    ) fresh_events
  ), kept AS (
    INSERT INTO journal (tenant_id, day, id, origin_id, conv, kind, ignored, raw, raw_of, item, received_at)
    SELECT t, v_day, id, g, c, y, r, CASE WHEN id = carrier THEN substring(p_raw FROM f FOR n) ELSE '' END,
           nullif(carrier, id), i, now()
    FROM numbered
  ), opened AS (
    INSERT INTO pending (tenant_id, conv, id, at)
    SELECT t, c, id, now() FROM numbered WHERE r IS NULL
  ), copies AS (
    INSERT INTO origin_duplicates AS counted (tenant_id, origin_id, day, copies)
    SELECT t, g, v_day, sum(d - CASE WHEN numbered.id IS NULL THEN 0 ELSE 1 END)
    FROM input LEFT JOIN numbered USING (o, t, g, d)
    GROUP BY t, g
    HAVING sum(d - CASE WHEN numbered.id IS NULL THEN 0 ELSE 1 END) > 0
    ORDER BY t, g
    ON CONFLICT (tenant_id, origin_id, day) DO UPDATE SET copies = counted.copies + excluded.copies
  )
  SELECT o, id, ms(now()) FROM numbered;
END $$;

-- journal_body: the body that an event came in, wherever it is kept; null when its day is gone.
CREATE FUNCTION journal_body(p_tenant int, p_at timestamptz, p_id bigint) RETURNS bytea
LANGUAGE sql STABLE SET enable_seqscan = off AS $$
  SELECT CASE WHEN j.raw_of IS NULL THEN j.raw ELSE (
    SELECT raw FROM journal WHERE tenant_id = p_tenant AND day = (p_at AT TIME ZONE 'UTC')::date AND id = j.raw_of) END
  FROM journal j WHERE j.tenant_id = p_tenant AND j.day = (p_at AT TIME ZONE 'UTC')::date AND j.id = p_id
$$;
