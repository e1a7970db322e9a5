import type { GroupRows } from "../../../src/conversation/rows.ts";
import type { LaneCommit } from "../../../src/conversation/store.ts";
import type { ConversationId, OriginId, TenantId } from "../../../src/core/ids.ts";
import {
  addDelivery,
  attemptKey,
  openDeliveries,
  type OutboxRow,
  refusalOf,
  removeDelivery,
  seqKey,
  type Tables,
} from "./tables.ts";

type Keys = {
  readonly i: number;
  readonly t: TenantId;
  readonly c: ConversationId;
  readonly q: number;
  readonly o: OriginId;
};
type Message = Keys & {
  readonly au: string;
  readonly ki: string;
  readonly tx: string;
  readonly ev?: string | null;
};
type Log = Keys & { readonly mi: string | null };
type Outbox = Keys & {
  readonly au: "bot" | "operator";
  readonly e: number;
  readonly b: string;
  readonly dl: number;
};
type Rare = { readonly i: number; readonly t: TenantId; readonly c: ConversationId } & (
  | { readonly k: "order"; readonly run: number; readonly quantity: number }
  | { readonly k: "outcome"; readonly run: number }
  | { readonly k: "session"; readonly number: number }
  | {
      readonly k: "settled";
      readonly delivery: string;
      readonly attempt: number;
      readonly message: string;
    }
  | { readonly k: "contact" }
);

/** The rows of a group as they arrive on the other side of JSON. */
export type ReadRows = {
  readonly messages: readonly Message[];
  readonly logs: readonly Log[];
  readonly outbox: readonly Outbox[];
  readonly rare: readonly Rare[];
};

export function readRows(rows: GroupRows): ReadRows {
  const read: ReadRows = JSON.parse(JSON.stringify(rows));
  return read;
}

const authors: ReadonlySet<string> = new Set(["client", "bot", "operator", "platform"]);
const quantityMax = 50;

/** @throws as PostgreSQL does when a row of an accepted lane breaks a key or a check; nothing is written then. */
export function refuseBadRows(
  tables: Tables,
  rows: ReadRows,
  given: { readonly lanes: readonly LaneCommit[]; readonly keysMayRepeat?: boolean | undefined },
): void {
  const lanes = new Set(given.lanes.map(({ i }) => i));
  const accepted = <R extends { readonly i: number }>(all: readonly R[]) =>
    all.filter(({ i }) => lanes.has(i));
  const unique = given.keysMayRepeat !== true;
  // A text is read before anybody asks whose it is.
  if (rows.messages.some(({ tx }) => tx.includes("\0"))) throw refusalOf("22P05");
  if (accepted(rows.logs).some(({ mi }) => mi === null)) throw refusalOf("23502");
  for (const { au, c, q } of accepted(rows.messages)) {
    if (!authors.has(au)) throw refusalOf("23514");
    if (unique && tables.messages.has(seqKey(c, q))) throw refusalOf("23505");
  }
  for (const row of accepted(rows.rare)) refuseBadOrder(tables, row, unique);
}

function refuseBadOrder(tables: Tables, row: Rare, unique: boolean): void {
  if (row.k !== "order") return;
  if (row.quantity < 1 || row.quantity > quantityMax) throw refusalOf("23514");
  if (unique && tables.orders.has(runKey(row))) throw refusalOf("23505");
}

/** Writes the rows of the accepted lanes; tells of every delivery. */
export function writeRows(
  tables: Tables,
  rows: ReadRows,
  given: {
    readonly accepted: ReadonlySet<number>;
    readonly onDelivery?: ((row: OutboxRow) => void) | undefined;
  },
): void {
  const { accepted } = given;
  for (const { c, q, au, ki, tx, ev } of rows.messages.filter(({ i }) => accepted.has(i))) {
    const event = ev === undefined || ev === null ? null : Number(ev);
    tables.messages.set(seqKey(c, q), { author: au, kind: ki, text: tx, event });
  }
  for (const row of rows.outbox) if (accepted.has(row.i)) open(tables, row, given.onDelivery);
  for (const row of rows.rare) if (accepted.has(row.i)) writeRare(tables, row);
}

function open(
  tables: Tables,
  { t, c, q, o, au, e, b, dl }: Outbox,
  onDelivery: ((row: OutboxRow) => void) | undefined,
): void {
  const row: OutboxRow = {
    tenant: t,
    conversation: c,
    origin: o,
    seq: q,
    author: au,
    ownerEpoch: e,
    body: b,
    createdAt: tables.now(),
    deadlineAt: tables.now() + dl,
    status: "pending",
    attempt: 0,
    token: null,
    startedAt: null,
    failures: 0,
    nextAt: null,
  };
  addDelivery(tables, row);
  onDelivery?.(row);
}

function runKey(row: { readonly c: ConversationId; readonly run: number }): string {
  return `${row.c}/${row.run}`;
}

function writeRare(tables: Tables, row: Rare): void {
  switch (row.k) {
    case "order":
      tables.orders.set(runKey(row), row);
      return;
    case "outcome":
      tables.outcomes.set(runKey(row), row);
      return;
    case "session":
      tables.sessions.set(`${row.c}/${row.number}`, row);
      return;
    case "settled":
      settle(tables, row);
      return;
    default:
      // Contacts, tags, requests, operators, receipts and files are written and never read by the pipeline.
      return;
  }
}

/** An echo proves that an attempt arrived; a resend that has not begun is dropped. */
function settle(tables: Tables, row: Rare & { readonly k: "settled" }): void {
  const seq = Number(row.delivery);
  const attempt = tables.attempts.get(attemptKey(row.c, seq, row.attempt));
  if (attempt === undefined || attempt.messageId !== null) return;
  if (attempt.outcome !== "unknown" && attempt.outcome !== "sent") return;
  if (attempt.outcome === "unknown") attempt.settledBy = "echo";
  attempt.outcome = "sent";
  attempt.messageId = row.message;
  const key = seqKey(row.c, seq);
  if (tables.parkedDeliveries.get(key)?.attempt === row.attempt)
    tables.parkedDeliveries.delete(key);
  const waiting = openDeliveries(tables, row.c).find(
    (one) => one.seq === seq && one.status === "pending" && one.attempt === row.attempt,
  );
  if (waiting !== undefined) removeDelivery(tables, waiting);
}
