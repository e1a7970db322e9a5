-- Files that messages carry: each is a job of its own, made by the transaction that wrote its message and worked beside the
-- conversation, so that a file that cannot be had neither delays nor loses the message.

--   pending ─taken─▶ pending, leased ──▶ stored
--      ▲                   │       ├───▶ gone      the platform has it no more
--      │                   │       ├───▶ refused   we do not take it: its address, its size
--      └── later, stopped, ┘       └───▶ failed    given up after its deadline, with the last reason
--          lease over
-- `attempts` is the fence: who ends another attempt than the last one changes nothing.
CREATE TABLE media (
  tenant_id    int NOT NULL,
  -- A hash of what it is a part of, so that writing it again changes nothing.
  media_id     uuid NOT NULL,
  conv         uuid NOT NULL,
  seq          bigint NOT NULL,
  part         int NOT NULL,
  origin_id    int NOT NULL,
  -- Where the bytes are, in the channel's own words.
  file         text NOT NULL,
  kind         text NOT NULL,
  name         text,
  status       text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'stored', 'gone', 'refused', 'failed')),
  attempts     int NOT NULL DEFAULT 0,
  -- Whether somebody works on it, until next_at; and how often that ended with the death of its process.
  taken        boolean NOT NULL DEFAULT false,
  cut_short    int NOT NULL DEFAULT 0,
  reason       text,
  next_at      timestamptz NOT NULL DEFAULT now(),
  created_at   timestamptz NOT NULL DEFAULT now(),
  ended_at     timestamptz,
  -- What the bytes are, by themselves: nothing here is what the platform said.
  content_type text,
  bytes        bigint,
  sha256       text,
  storage_key  text,
  PRIMARY KEY (tenant_id, media_id),
  CHECK ((status = 'stored') = (storage_key IS NOT NULL))
) WITH (fillfactor = 80);
CREATE INDEX media_by_message ON media (tenant_id, conv, seq);
CREATE INDEX media_due ON media (next_at) WHERE status = 'pending';
CREATE INDEX media_taken ON media (tenant_id, conv) WHERE taken;
SELECT isolate('media');

-- add_media: the files of messages that are written or edited in this transaction; called by commit_rare.
--   p_media  [{i: lane, t, c, origin, q: place of the message | null, message: its platform's id where q is null, part, file, kind, name}]
CREATE FUNCTION add_media(p_media json, p_ok int[]) RETURNS void
LANGUAGE sql AS $$
  INSERT INTO media (tenant_id, media_id, conv, seq, part, origin_id, file, kind, name)
  SELECT t, encode(substring(sha256(convert_to(concat_ws(E'\n', c, seq, part, file), 'UTF8')) FOR 16), 'hex')::uuid,
         c, seq, part, origin, file, kind, name
  FROM json_to_recordset(p_media) AS r (i int, t int, c uuid, origin int, q bigint, message text, part int, file text, kind text, name text)
  CROSS JOIN LATERAL (SELECT coalesce(q, message_named(t, c, origin, message)) AS seq) place
  WHERE i = ANY (p_ok) AND seq IS NOT NULL
  ON CONFLICT (tenant_id, media_id) DO NOTHING
$$;

-- take_media: up to p_limit files that are due, one of each conversation at a time, tenants in turn; leased for p_lease_ms.
--   p_cut_short_max  a file that was cut short by so many deaths of processes is given up instead
CREATE FUNCTION take_media(p_limit int, p_lease_ms int, p_cut_short_max int) RETURNS TABLE (
  tenant_id int, media_id uuid, origin_id int, file text, attempts int, cut_short int, age_ms double precision)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_column
BEGIN
  UPDATE media SET status = 'failed', reason = 'workers_died', taken = false, ended_at = now()
  WHERE status = 'pending' AND next_at <= now() AND taken AND cut_short >= p_cut_short_max;
  RETURN QUERY
    WITH page AS (
      SELECT m.tenant_id, m.media_id, m.conv, m.seq, m.part, m.next_at FROM media m
      WHERE m.status = 'pending' AND m.next_at <= now() AND NOT EXISTS (
        SELECT FROM media busy
        WHERE busy.tenant_id = m.tenant_id AND busy.conv = m.conv AND busy.taken AND busy.status = 'pending' AND busy.next_at > now())
      ORDER BY m.next_at LIMIT 500
    ), first_of AS (
      SELECT DISTINCT ON (tenant_id, conv) * FROM page ORDER BY tenant_id, conv, next_at, seq, part
    ), in_turn AS (
      SELECT *, row_number() OVER (PARTITION BY tenant_id ORDER BY next_at, seq) AS turn FROM first_of
    ), chosen AS (
      SELECT tenant_id, media_id FROM in_turn ORDER BY turn, next_at LIMIT p_limit
    ), free AS (
      SELECT m.tenant_id, m.media_id FROM media m JOIN chosen USING (tenant_id, media_id)
      WHERE m.status = 'pending' AND m.next_at <= now() FOR UPDATE OF m SKIP LOCKED
    )
    UPDATE media m SET attempts = m.attempts + 1, cut_short = m.cut_short + CASE WHEN m.taken THEN 1 ELSE 0 END,
      taken = true, next_at = now() + p_lease_ms * interval '1 ms'
    FROM free WHERE m.tenant_id = free.tenant_id AND m.media_id = free.media_id
    RETURNING m.tenant_id, m.media_id, m.origin_id, m.file, m.attempts, m.cut_short, ms(now() - m.created_at);
END $$;

-- renew_media: whoever works on these is alive.
--   p_held  [{t, m: media_id, n: attempt}]
CREATE FUNCTION renew_media(p_held json, p_lease_ms int) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
  UPDATE media SET next_at = now() + p_lease_ms * interval '1 ms'
  FROM json_to_recordset(p_held) AS held (t int, m uuid, n int)
  WHERE tenant_id = t AND media_id = m AND attempts = n AND taken AND status = 'pending'
$$;

-- end_media: how an attempt ended. `pending` is tried again after p_wait_ms.
--   returns  false when another attempt has begun or ended it: the bytes of this one are nobody's. Repeating it is harmless.
CREATE FUNCTION end_media(p_tenant int, p_media uuid, p_attempt int, p_status text, p_reason text, p_wait_ms double precision,
  p_type text, p_bytes bigint, p_sha256 text, p_key text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE media SET status = p_status, reason = p_reason, taken = false, next_at = now() + p_wait_ms * interval '1 ms',
    ended_at = CASE WHEN p_status <> 'pending' THEN now() END, content_type = p_type, bytes = p_bytes, sha256 = p_sha256, storage_key = p_key
  WHERE tenant_id = p_tenant AND media_id = p_media AND attempts = p_attempt AND status = 'pending';
  RETURN FOUND OR EXISTS (SELECT FROM media WHERE tenant_id = p_tenant AND media_id = p_media AND storage_key = p_key);
END $$;

-- kept_media: what is known of one file of a tenant.
CREATE FUNCTION kept_media(p_tenant int, p_media uuid) RETURNS TABLE (
  status text, kind text, name text, content_type text, bytes bigint, storage_key text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
'SELECT status, kind, name, content_type, bytes, storage_key FROM media WHERE tenant_id = p_tenant AND media_id = p_media';
