import type { OriginId, TenantId } from "../core/ids.ts";
import type { Database, Statement } from "../platform/postgres/database.ts";

/** What became of the events of one origin since it was connected. */
export type LedgerLine = LedgerCounts & {
  readonly tenant: TenantId;
  readonly tenantName: string;
  readonly origin: OriginId;
  /** As in the webhook's address: `chat2desk/default`. */
  readonly originName: string;
  /** Received, but not accounted for; below zero when more is accounted for than was received. Zero when all is well. */
  readonly missing: number;
};

export type LedgerCounts = {
  readonly received: number;
  readonly applied: number;
  readonly duplicate: number;
  readonly ignored: number;
  readonly parked: number;
  readonly discarded: number;
  readonly pending: number;
};

/** Numbers or names; what is absent is not looked at. */
export type LedgerFilter = { readonly tenant?: string; readonly origin?: string };

const ledger: Statement = { name: "ledger", text: "SELECT * FROM ledger($1, $2)" };

type LedgerRow = Readonly<Record<keyof LedgerCounts, string>> & {
  readonly tenant_id: TenantId;
  readonly tenant: string | null;
  readonly origin_id: OriginId;
  readonly origin: string;
};

/**
 * Reads the ledger in one snapshot, so that it balances while everything runs. It reads the whole journal, which takes its time:
 * the database's statement limit must allow for it.
 */
export async function readLedger(
  database: Database,
  filter: LedgerFilter,
): Promise<readonly LedgerLine[]> {
  const { tenant = null, origin = null } = filter;
  return (await database.query<LedgerRow>(ledger, [tenant, origin])).map(lineOf);
}

function lineOf(row: LedgerRow): LedgerLine {
  const counts: LedgerCounts = {
    received: Number(row.received),
    applied: Number(row.applied),
    duplicate: Number(row.duplicate),
    ignored: Number(row.ignored),
    parked: Number(row.parked),
    discarded: Number(row.discarded),
    pending: Number(row.pending),
  };
  return {
    tenant: row.tenant_id,
    tenantName: row.tenant ?? String(row.tenant_id),
    origin: row.origin_id,
    originName: row.origin,
    ...counts,
    missing: counts.received - accountedFor(counts),
  };
}

function accountedFor(counts: LedgerCounts): number {
  const { applied, duplicate, ignored, parked, discarded, pending } = counts;
  return applied + duplicate + ignored + parked + discarded + pending;
}
