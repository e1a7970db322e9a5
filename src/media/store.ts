import { type OriginId, originId, type TenantId, tenantId } from "../core/ids.ts";
import type { Database, Statement } from "../platform/postgres/database.ts";
import type { MediaJob, MediaOutcome } from "./job.ts";
import type { NextStep } from "./policy.ts";

/** The jobs in PostgreSQL; what each statement promises is written beside it in `migrations/000009_media.sql`. */
export type MediaStore = {
  /** Takes up to `limit` due jobs and leases them. */
  readonly take: (limit: number, leaseMs: number) => Promise<readonly MediaJob[]>;
  readonly renew: (jobs: readonly MediaJob[], leaseMs: number) => Promise<void>;
  /** False when the job was somebody else's by then. May be repeated. */
  readonly end: (job: MediaJob, outcome: MediaOutcome, next: NextStep) => Promise<boolean>;
  readonly find: (tenant: TenantId, id: string) => Promise<KeptMedia | null>;
};

export type KeptMedia = {
  readonly status: NextStep["status"];
  readonly kind: string;
  /** As the sender called it. */
  readonly name: string | null;
  readonly contentType: string | null;
  readonly bytes: number | null;
  readonly storageKey: string | null;
};

/** A file whose attempts end with the death of their process so often is taken for their cause. */
const cutShortMax = 5;

const statements = {
  take: { name: "take_media", text: "SELECT * FROM take_media($1, $2, $3)" },
  renew: { name: "renew_media", text: "SELECT renew_media($1::json, $2)" },
  end: {
    name: "end_media",
    text: "SELECT end_media($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) AS ours",
  },
  find: { name: "kept_media", text: "SELECT * FROM kept_media($1, $2)" },
} satisfies Record<string, Statement>;

type JobRow = {
  readonly tenant_id: TenantId;
  readonly media_id: string;
  readonly origin_id: OriginId;
  readonly file: string;
  readonly attempts: number;
  readonly cut_short: number;
  readonly age_ms: number;
};

type KeptRow = {
  readonly status: NextStep["status"];
  readonly kind: string;
  readonly name: string | null;
  readonly content_type: string | null;
  readonly bytes: string | null;
  readonly storage_key: string | null;
};

/** Every call is one statement and rejects as PostgreSQL or the connection says. */
export function createMediaStore(database: Database): MediaStore {
  return {
    take: async (limit, leaseMs) => {
      const rows = await database.query<JobRow>(statements.take, [limit, leaseMs, cutShortMax]);
      return rows.map(jobOf);
    },
    renew: async (jobs, leaseMs) => {
      const held = jobs.map(({ tenant, id, attempt }) => ({ t: tenant, m: id, n: attempt }));
      await database.query(statements.renew, [JSON.stringify(held), leaseMs]);
    },
    end: async (job, outcome, next) => {
      const rows = await database.query<{ ours: boolean }>(statements.end, [
        ...[job.tenant, job.id, job.attempt],
        ...[next.status, next.reason, next.waitMs],
        ...factsOf(outcome),
      ]);
      return rows[0]?.ours ?? false;
    },
    find: async (tenant, id) => {
      const [row] = await database.query<KeptRow>(statements.find, [tenant, id]);
      return row === undefined ? null : keptOf(row);
    },
  };
}

function jobOf(row: JobRow): MediaJob {
  return {
    tenant: tenantId(row.tenant_id),
    id: row.media_id,
    origin: originId(row.origin_id),
    file: row.file,
    attempt: row.attempts,
    cutShort: row.cut_short,
    ageMs: row.age_ms,
  };
}

function keptOf(row: KeptRow): KeptMedia {
  return {
    status: row.status,
    kind: row.kind,
    name: row.name,
    contentType: row.content_type,
    bytes: row.bytes === null ? null : Number(row.bytes),
    storageKey: row.storage_key,
  };
}

function factsOf(outcome: MediaOutcome): readonly (string | number | null)[] {
  if (outcome.type !== "stored") return [null, null, null, null];
  const { contentType, bytes, sha256 } = outcome.file;
  return [contentType, bytes, sha256, outcome.key];
}
