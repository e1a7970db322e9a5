import type { Database, Statement } from "../platform/postgres/database.ts";
import type { SealedAccount } from "./accounts.ts";
import type { Checked } from "./connection-keeper.ts";

/** The rows of origins, for people who manage them; needs the owner's connection. */
export type RegistryStore = {
  /** Null when the address is another origin's. */
  readonly add: (origin: MadeOrigin) => Promise<StoredOrigin | null>;
  readonly list: (filter: {
    readonly tenant?: string;
    readonly origin?: string;
  }) => Promise<readonly StoredOrigin[]>;
  readonly note: (origin: StoredOrigin, found: Checked) => Promise<void>;
  readonly setEnabled: (
    origin: { readonly tenant: number; readonly id: number },
    enabled: boolean,
  ) => Promise<number>;
  /** False when somebody was faster. */
  readonly save: (origin: StoredOrigin, sealed: string) => Promise<boolean>;
};

export type MadeOrigin = {
  readonly tenant: string;
  readonly channel: string;
  readonly key: string;
  readonly apiUrl: string;
  readonly sealed: string;
  readonly language: string;
  readonly rate: { readonly count: number; readonly windowMs: number };
};

export type StoredOrigin = SealedAccount & {
  readonly tenant_id: number;
  readonly tenant: string;
  readonly origin_id: number;
  readonly enabled: boolean;
  readonly rate_count: number;
  readonly rate_window_ms: number;
  readonly state: string | null;
};

const columns = `
  o.tenant_id, t.name AS tenant, o.origin_id, o.channel, o.origin_key, o.api_url, o.credentials, o.enabled, o.rate_count,
  o.rate_window_ms, c.state`;

const statements = {
  tenant: {
    name: "add_tenant",
    text: "INSERT INTO tenants (name) VALUES ($1) ON CONFLICT (name) DO NOTHING",
  },
  add: {
    name: "add_origin",
    text: `
      WITH o AS (
        INSERT INTO origins (tenant_id, channel, origin_key, api_url, credentials, language, rate_count, rate_window_ms)
        SELECT tenant_id, $2, $3, $4, $5, $6, $7, $8 FROM tenants WHERE name = $1
        ON CONFLICT (channel, origin_key) DO NOTHING
        RETURNING *
      ) SELECT ${columns} FROM o JOIN tenants t USING (tenant_id) LEFT JOIN origin_connections c USING (tenant_id, origin_id)`,
  },
  list: {
    name: "list_origins",
    text: `
      SELECT ${columns} FROM origins o JOIN tenants t USING (tenant_id) LEFT JOIN origin_connections c USING (tenant_id, origin_id)
      WHERE ($1::text IS NULL OR $1 IN (o.tenant_id::text, t.name))
        AND ($2::text IS NULL OR $2 IN (o.origin_id::text, o.origin_key, o.channel || '/' || o.origin_key))
      ORDER BY t.name, o.channel, o.origin_key`,
  },
  note: { name: "note_connection", text: "SELECT note_connection($1, $2, $3, $4, NULL)" },
  enable: {
    name: "enable_origin",
    text: "UPDATE origins SET enabled = $3, updated_at = now() WHERE tenant_id = $1 AND origin_id = $2",
  },
  show: { name: "show_shadowed", text: "SELECT show_shadowed() AS shown" },
  save: { name: "save_credentials", text: "SELECT save_credentials($1, $2, $3, $4) AS saved" },
} satisfies Record<string, Statement>;

/** Makes the store; its calls reject as the database's do. */
export function createRegistryStore(database: Database): RegistryStore {
  return {
    add: async (origin) => {
      await database.query(statements.tenant, [origin.tenant]);
      const { tenant, channel, key, apiUrl, sealed, language, rate } = origin;
      const values = [tenant, channel, key, apiUrl, sealed, language, rate.count, rate.windowMs];
      const [row] = await database.query<StoredOrigin>(statements.add, values);
      return row ?? null;
    },
    list: (filter) =>
      database.query<StoredOrigin>(statements.list, [filter.tenant ?? null, filter.origin ?? null]),
    note: async ({ tenant_id, origin_id }, { state, notes }) => {
      const values = [tenant_id, origin_id, state, JSON.stringify(notes)];
      await database.query(statements.note, values);
    },
    setEnabled: async ({ tenant, id }, enabled) => {
      await database.query(statements.enable, [tenant, id, enabled]);
      if (!enabled) return 0;
      const [row] = await database.query<{ shown: string }>(statements.show, []);
      return Number(row?.shown ?? 0);
    },
    save: async ({ tenant_id, origin_id, credentials }, sealed) => {
      const values = [tenant_id, origin_id, credentials, sealed];
      const [row] = await database.query<{ saved: boolean }>(statements.save, values);
      return row?.saved ?? false;
    },
  };
}
