-- Tenants, their origins, and the walls between them.
--
-- The owner (DATABASE_URL) migrates and sees every row. The pipeline works as the role `hookdesk_app`, which sees the one
-- tenant named by the setting `hookdesk.tenant` of its transaction, and mixes tenants only inside the SECURITY DEFINER
-- functions of these migrations, because groups do.

DO $$
BEGIN
  CREATE ROLE hookdesk_app NOLOGIN;
EXCEPTION
  -- Another database of the cluster made it, or we may not; the start-up check says which and `/health` repeats it.
  WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN NULL;
END $$;

-- Forces row-level security on a table: the owner sees all rows, everybody else one tenant's.
CREATE FUNCTION isolate(target regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
  EXECUTE format('CREATE POLICY owner_sees_all ON %s TO CURRENT_USER USING (true) WITH CHECK (true)', target);
  EXECUTE format(
    'CREATE POLICY one_tenant ON %s
       USING (tenant_id = (SELECT nullif(current_setting(''hookdesk.tenant'', true), '''')::int))
       WITH CHECK (tenant_id = (SELECT nullif(current_setting(''hookdesk.tenant'', true), '''')::int))', target);
END $$;

-- PostgreSQL lets everybody call a new function: those that see every tenant are taken from PUBLIC.
CREATE FUNCTION close_to_public() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  definer regprocedure;
BEGIN
  FOR definer IN
    SELECT p.oid FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner
    WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef AND r.rolname = current_user
  LOOP
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', definer);
  END LOOP;
END $$;

-- Gives the pipeline's role what it needs; harmless when repeated, does nothing while the role is missing.
CREATE FUNCTION grant_to_pipeline() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'hookdesk_app') THEN RETURN false; END IF;
  BEGIN
    -- Since PostgreSQL 16 who makes a role is a member of it but may not take it on; 15 does not know that word.
    IF NOT pg_has_role(current_user, 'hookdesk_app',
        CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END) THEN
      EXECUTE format('GRANT hookdesk_app TO %I', current_user);
    END IF;
  EXCEPTION WHEN unique_violation THEN NULL; -- The migration of another database of the cluster has just done it.
  END;
  GRANT USAGE ON SCHEMA public TO hookdesk_app;
  GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO hookdesk_app;
  GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO hookdesk_app;
  GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO hookdesk_app;
  REVOKE INSERT, UPDATE, DELETE ON tenants FROM hookdesk_app;
  -- Tables without a tenant are reached through functions alone.
  REVOKE ALL ON migrations, leaders FROM hookdesk_app;
  RETURN true;
EXCEPTION WHEN insufficient_privilege THEN RETURN false;
END $$;

-- Instants and spans as ms, the unit in which the processes count. STABLE and not IMMUTABLE, because that is what extract() is for
-- an instant: a function that promises more than its body is not inlined and costs ten times as much.
CREATE FUNCTION ms(t timestamptz) RETURNS double precision LANGUAGE sql STABLE AS
'SELECT (extract(epoch FROM t) * 1000)::double precision';
CREATE FUNCTION ms(t interval) RETURNS double precision LANGUAGE sql IMMUTABLE AS
'SELECT (extract(epoch FROM t) * 1000)::double precision';

CREATE TABLE tenants (
  tenant_id  int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name       text NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now()
);
SELECT isolate('tenants');

CREATE TABLE origins (
  tenant_id       int NOT NULL REFERENCES tenants,
  origin_id       int GENERATED ALWAYS AS IDENTITY,
  channel         text NOT NULL,
  -- The part of the webhook's address that names this origin; the only unique key that does not begin with the tenant,
  -- because an address must name one origin of the whole installation.
  origin_key      text NOT NULL,
  enabled         boolean NOT NULL DEFAULT true,
  api_url         text NOT NULL,
  api_token       text NOT NULL,
  signature       text NOT NULL DEFAULT 'required' CHECK (signature IN ('required', 'optional')),
  language        text NOT NULL DEFAULT 'en' CHECK (language IN ('en', 'ru', 'es')),
  rate_count      int NOT NULL DEFAULT 300 CHECK (rate_count BETWEEN 1 AND 1000000000),
  rate_window_ms  int NOT NULL DEFAULT 60000 CHECK (rate_window_ms BETWEEN 1 AND 86400000),
  in_flight_max   int NOT NULL DEFAULT 256 CHECK (in_flight_max BETWEEN 1 AND 10000),
  unknown_bot     text NOT NULL DEFAULT 'resend' CHECK (unknown_bot IN ('resend', 'hold')),
  unknown_operator text NOT NULL DEFAULT 'hold' CHECK (unknown_operator IN ('resend', 'hold')),
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, origin_id),
  UNIQUE (channel, origin_key)
);
SELECT isolate('origins');

-- Every origin of every tenant: what web and outbox processes keep in memory.
CREATE FUNCTION all_origins() RETURNS SETOF origins
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
'SELECT * FROM origins ORDER BY tenant_id, origin_id';

-- Who does what only one process needs to do (sweeping, timers). A lease by PostgreSQL's clock: it passes on by itself when its
-- holder dies, hangs or is cut off, and two holders at once do no harm.
CREATE TABLE leaders (
  name   text PRIMARY KEY,
  holder text NOT NULL,
  until  timestamptz NOT NULL
);

CREATE FUNCTION take_lead(p_name text, p_holder text, p_ms int) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO leaders AS l VALUES (p_name, p_holder, now() + p_ms * interval '1 ms')
  ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
  WHERE l.holder = excluded.holder OR l.until < now();
  RETURN FOUND;
END $$;
