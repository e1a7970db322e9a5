import type { LedgerFilter, LedgerLine } from "../ledger/ledger.ts";
import type { Registry } from "../tenants/registry.ts";
import type { Parking } from "../parking/parking.ts";
import type { Terminal } from "./terminal.ts";

/** What the commands work with. */
export type Desk = {
  readonly parking: Parking;
  readonly registry: Registry;
  /** What `@file` says, or with `-` what comes in. */
  readonly read: (source: string) => Promise<string>;
  readonly ledger: (filter: LedgerFilter) => Promise<readonly LedgerLine[]>;
  /** Who sits here, for the records. */
  readonly operator: string;
  readonly terminal: Terminal;
};

/** Done; not done or not in order; not understood. */
export const exitCodes = { ok: 0, failed: 1, badUse: 2 } as const;
