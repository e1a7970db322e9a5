import type { Origin } from "../../../src/tenants/origins.ts";
import type { Tables } from "./tables.ts";

/** Safeguards that a mutant leaves out. */
export type OutboxMutants = {
  /** Marks any delivery that may be sent, not only the conversation's lowest open one. */
  readonly markAny?: boolean;
  /** Does not write down that a delivery is being sent before it is sent. */
  readonly markAfter?: boolean;
  /** Does not remember which accounts may not be called. */
  readonly noHolds?: boolean;
  /** Concludes at once that a sender is silent. */
  readonly recoverEarly?: boolean;
  /** An end counts for whatever attempt is under way. */
  readonly noToken?: boolean;
};

export type FakeOutboxStoreOptions = {
  readonly tables: Tables;
  /** The origins as PostgreSQL knows them. */
  readonly origins: () => readonly Origin[];
  readonly mutants?: OutboxMutants;
  readonly onHold?: (origin: number, untilMs: number) => void;
};
