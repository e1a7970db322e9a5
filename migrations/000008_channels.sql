-- What more than one channel needs: messages of every kind, what platforms say about them later, limits of more than one scope.

-- What an origin must know to speak for its account, sealed (src/tenants/keyring.ts); '' cannot be opened.
ALTER TABLE origins
  DROP COLUMN api_token,
  DROP COLUMN signature,
  ADD COLUMN credentials text NOT NULL DEFAULT '';

-- `parts` is what a message is made of beside its words, as the common format says; null when it is words alone.
ALTER TABLE messages RENAME COLUMN attachments TO parts;
ALTER TABLE messages
  DROP COLUMN location,
  -- The platform's id of the message that this one answers, and the name of the album that it is a part of.
  ADD COLUMN reply_to text,
  ADD COLUMN album text,
  -- {id, name} of who wrote, where a conversation has several people.
  ADD COLUMN sender jsonb,
  ADD COLUMN forwarded_from text,
  -- {sender's id: {name, emoji: [..]}}
  ADD COLUMN reactions jsonb,
  -- The last time somebody changed its words, by the platform's clock if it tells; earlier words are in message_versions.
  ADD COLUMN edited_at timestamptz,
  -- How far it has come for certain, and beside it why the platform gave it up.
  ADD COLUMN receipt text CHECK (receipt IN ('sent', 'delivered', 'read')),
  ADD COLUMN failure text;

-- What a message said before it was edited, oldest first.
CREATE TABLE message_versions (
  tenant_id   int NOT NULL,
  conv        uuid NOT NULL,
  seq         bigint NOT NULL,
  n           int NOT NULL,
  text        text NOT NULL,
  parts       jsonb,
  replaced_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, conv, seq, n)
);
SELECT isolate('message_versions');

ALTER TABLE contact_identities
  ADD COLUMN username text,
  -- False from when the customer blocks us until they let us write again.
  ADD COLUMN reachable boolean NOT NULL DEFAULT true;

-- One row per message of which the platform told what became of it; it may be known before we know that we sent it.
DROP TABLE receipts;
CREATE TABLE receipts (
  tenant_id  int NOT NULL,
  origin_id  int NOT NULL,
  message_id text NOT NULL,
  status     text CHECK (status IN ('sent', 'delivered', 'read')),
  failure    text,
  at         timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, origin_id, message_id)
);
SELECT isolate('receipts');

-- The later one of two statuses: platforms tell them in any order, and some are never told.
CREATE FUNCTION later_status(a text, b text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN coalesce(array_position(ARRAY['sent', 'delivered', 'read'], b), 0)
                 > coalesce(array_position(ARRAY['sent', 'delivered', 'read'], a), 0) THEN b ELSE a END
$$;

-- The place of a message in its conversation by the platform's id, whoever wrote it; null when it is not known.
CREATE FUNCTION message_named(p_tenant int, p_conv uuid, p_origin int, p_message text) RETURNS bigint
LANGUAGE sql STABLE AS $$
  SELECT coalesce(
    (SELECT seq FROM attempts WHERE tenant_id = p_tenant AND origin_id = p_origin AND message_id = p_message AND conv = p_conv
     ORDER BY seq DESC LIMIT 1),
    (SELECT seq FROM messages WHERE tenant_id = p_tenant AND conv = p_conv AND message_id = p_message ORDER BY seq DESC LIMIT 1))
$$;

-- carry_receipts: writes what is known of these messages of a conversation into their rows.
CREATE FUNCTION carry_receipts(p_tenant int, p_conv uuid, p_origin int, p_messages text[]) RETURNS void
LANGUAGE sql AS $$
  UPDATE messages m SET receipt = later_status(m.receipt, r.status), failure = coalesce(m.failure, r.failure)
  FROM receipts r
  WHERE r.tenant_id = p_tenant AND r.origin_id = p_origin AND r.message_id = ANY (p_messages)
    AND m.tenant_id = p_tenant AND m.conv = p_conv AND m.seq = message_named(p_tenant, p_conv, p_origin, r.message_id)
    AND (later_status(m.receipt, r.status) IS DISTINCT FROM m.receipt OR (m.failure IS NULL AND r.failure IS NOT NULL))
$$;

-- change_messages: what happened to messages after they were written, in the transaction of the commit that learned of it.
--   p_changes  [{what: edit | deletion | reaction | receipt, i, t, c, origin, z: place, ...}], see conversation/rows.ts
-- One row after another, because several may concern one message.
CREATE FUNCTION change_messages(p_changes json, p_ok int[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  r record;
  v_seq bigint;
BEGIN
  FOR r IN
    SELECT * FROM json_to_recordset(p_changes) AS x (what text, z int, i int, t int, c uuid, q bigint, origin int, message text, ev bigint, ss int,
      author text, tx text, parts jsonb, sender text, name text, emoji jsonb, status text, detail text, edited double precision,
      until double precision, at double precision)
    WHERE i = ANY (p_ok) ORDER BY z
  LOOP
    v_seq := message_named(r.t, r.c, r.origin, r.message);
    IF r.what = 'deletion' THEN
      UPDATE messages SET visibility = 'deleted' WHERE tenant_id = r.t AND conv = r.c AND seq = v_seq;
    ELSIF r.what = 'reaction' THEN
      UPDATE messages SET reactions = nullif(
        coalesce(reactions, '{}') - r.sender
          || CASE WHEN r.emoji = '[]' THEN '{}' ELSE jsonb_build_object(r.sender, jsonb_build_object('name', r.name, 'emoji', r.emoji)) END,
        '{}')
      WHERE tenant_id = r.t AND conv = r.c AND seq = v_seq;
      -- To a message that is not known here it is a line of its own.
      INSERT INTO messages (tenant_id, conv, seq, origin_id, event_id, author, kind, text, reply_to, sender, at)
      SELECT r.t, r.c, r.q, r.origin, r.ev, 'platform', 'system', coalesce((SELECT string_agg(e, ' ') FROM json_array_elements_text(
             r.emoji::json) AS e), ''), r.message, jsonb_build_object('id', r.sender, 'name', r.name), to_timestamp(r.at / 1000)
      WHERE v_seq IS NULL;
    ELSIF r.what = 'edit' THEN
      PERFORM edit_message(r.t, r.c, v_seq, r.tx, r.parts, to_timestamp(coalesce(r.edited, r.at) / 1000));
      -- What was edited before we knew it is a message that begins with this version.
      INSERT INTO messages (tenant_id, conv, seq, origin_id, event_id, session, author, kind, message_id, text, parts, at, edited_at)
      SELECT r.t, r.c, r.q, r.origin, r.ev, r.ss, r.author, 'message', r.message, r.tx, r.parts, to_timestamp(r.at / 1000),
             to_timestamp(coalesce(r.edited, r.at) / 1000)
      WHERE v_seq IS NULL;
    ELSIF r.until IS NULL THEN
      INSERT INTO receipts AS known (tenant_id, origin_id, message_id, status, failure, at)
      VALUES (r.t, r.origin, r.message, nullif(r.status, 'failed'),
              CASE WHEN r.status = 'failed' THEN coalesce(r.detail, 'failed') END, to_timestamp(r.at / 1000))
      ON CONFLICT (tenant_id, origin_id, message_id) DO UPDATE SET
        status = later_status(known.status, excluded.status), failure = coalesce(known.failure, excluded.failure), at = excluded.at;
      PERFORM carry_receipts(r.t, r.c, r.origin, ARRAY[r.message]);
    ELSE
      UPDATE messages m SET receipt = later_status(m.receipt, r.status)
      FROM (
        SELECT DISTINCT seq FROM attempts
        WHERE tenant_id = r.t AND conv = r.c AND outcome = 'sent' AND started_at <= to_timestamp(r.until / 1000)
        ORDER BY seq DESC LIMIT 1000
      ) sent
      WHERE m.tenant_id = r.t AND m.conv = r.c AND m.seq = sent.seq AND later_status(m.receipt, r.status) IS DISTINCT FROM m.receipt;
    END IF;
  END LOOP;
END $$;

-- edit_message: a message has other words now and keeps the ones before. An edit that is older than the last one known changes
-- nothing but the record.
CREATE FUNCTION edit_message(p_tenant int, p_conv uuid, p_seq bigint, p_text text, p_parts jsonb, p_at timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  v_now messages;
  v_newer boolean;
BEGIN
  SELECT * INTO v_now FROM messages WHERE tenant_id = p_tenant AND conv = p_conv AND seq = p_seq FOR UPDATE;
  IF NOT FOUND THEN RETURN; END IF;
  v_newer := v_now.edited_at IS NULL OR v_now.edited_at <= p_at;
  INSERT INTO message_versions (tenant_id, conv, seq, n, text, parts, replaced_at)
  SELECT p_tenant, p_conv, p_seq, count(*) + 1, CASE WHEN v_newer THEN v_now.text ELSE p_text END,
         CASE WHEN v_newer THEN v_now.parts ELSE p_parts END, p_at
  FROM message_versions WHERE tenant_id = p_tenant AND conv = p_conv AND seq = p_seq;
  IF v_newer THEN
    UPDATE messages SET text = p_text, parts = p_parts, edited_at = p_at
    WHERE tenant_id = p_tenant AND conv = p_conv AND seq = p_seq;
  END IF;
END $$;

ALTER TABLE attempts DROP CONSTRAINT attempts_outcome_check;
ALTER TABLE attempts ADD CONSTRAINT attempts_outcome_check CHECK (outcome IN (
  'sent', 'rejected', 'failed', 'not_sent', 'moved', 'throttled', 'quota', 'unauthorized', 'unknown', 'superseded', 'expired'));

-- What a platform says about our webhook, as it was last asked; `repaired` is what was found wrong and mended.
CREATE TABLE origin_connections (
  tenant_id   int NOT NULL,
  origin_id   int NOT NULL,
  state       text NOT NULL CHECK (state IN ('connected', 'drifted', 'failing', 'refused', 'unreachable', 'unchecked')),
  notes       jsonb NOT NULL,
  checked_at  timestamptz NOT NULL DEFAULT now(),
  since       timestamptz NOT NULL DEFAULT now(),
  repaired    text,
  repaired_at timestamptz,
  -- When credentials that end by themselves were last looked at.
  renewed_at  timestamptz,
  PRIMARY KEY (tenant_id, origin_id)
);
SELECT isolate('origin_connections');

-- note_connection: keeps what was found at a check.
CREATE FUNCTION note_connection(p_tenant int, p_origin int, p_state text, p_notes jsonb, p_repaired text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO origin_connections AS known (tenant_id, origin_id, state, notes, repaired, repaired_at)
  VALUES (p_tenant, p_origin, p_state, p_notes, p_repaired, CASE WHEN p_repaired IS NOT NULL THEN now() END)
  ON CONFLICT (tenant_id, origin_id) DO UPDATE SET
    state = excluded.state, notes = excluded.notes, checked_at = now(),
    since = CASE WHEN known.state = excluded.state THEN known.since ELSE now() END,
    repaired = coalesce(excluded.repaired, known.repaired), repaired_at = coalesce(excluded.repaired_at, known.repaired_at)
$$;

-- due_checks: enabled origins whose connection was not looked at for so long, the longest first.
CREATE FUNCTION due_checks(p_every_ms int, p_limit int) RETURNS SETOF int
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT o.origin_id FROM origins o LEFT JOIN origin_connections c USING (tenant_id, origin_id)
  WHERE o.enabled AND coalesce(c.checked_at < now() - p_every_ms * interval '1 ms', true)
  ORDER BY c.checked_at NULLS FIRST, o.origin_id LIMIT p_limit
$$;

-- connections_now: what was last found, of enabled origins.
CREATE FUNCTION connections_now() RETURNS TABLE (
  tenant_id int, origin_id int, state text, notes jsonb, since_ms double precision, repaired text, repaired_ms double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.tenant_id, c.origin_id, c.state, c.notes, ms(now() - c.since), c.repaired, ms(now() - c.repaired_at)
  FROM origin_connections c JOIN origins o USING (tenant_id, origin_id) WHERE o.enabled
$$;

-- take_renewal: whether this caller is to look at an origin's credentials now; once in p_every_ms.
CREATE FUNCTION take_renewal(p_tenant int, p_origin int, p_every_ms int) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE origin_connections SET renewed_at = now()
  WHERE tenant_id = p_tenant AND origin_id = p_origin
    AND coalesce(renewed_at < now() - p_every_ms * interval '1 ms', true);
  RETURN FOUND;
END $$;

-- save_credentials: replaces sealed credentials by others, unless somebody has replaced them meanwhile. What was on hold because of
-- the old ones may be called again.
CREATE FUNCTION save_credentials(p_tenant int, p_origin int, p_before text, p_sealed text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE origins SET credentials = p_sealed, updated_at = now()
  WHERE tenant_id = p_tenant AND origin_id = p_origin AND credentials = p_before;
  IF NOT FOUND THEN RETURN false; END IF;
  DELETE FROM holds WHERE tenant_id = p_tenant AND origin_id = p_origin AND reason IN ('unauthorized', 'quota');
  RETURN true;
END $$;

-- Messages that came while their origin was disabled; only they are in this index.
CREATE INDEX messages_shadowed ON messages (tenant_id, origin_id) WHERE visibility = 'shadowed';

-- show_shadowed: shows what came while an origin was disabled, as soon as it is enabled. Also for workers who learned late that it is.
--   returns  the messages shown
CREATE FUNCTION show_shadowed() RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH shown AS (
    UPDATE messages m SET visibility = 'visible' FROM origins o
    WHERE o.tenant_id = m.tenant_id AND o.origin_id = m.origin_id AND o.enabled AND m.visibility = 'shadowed'
    RETURNING 1
  ) SELECT count(*) FROM shown
$$;

-- Everything above that sees every tenant.
SELECT close_to_public();
