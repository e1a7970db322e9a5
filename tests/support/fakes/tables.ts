import pg from "pg";
import type { ConversationId, OriginId, TenantId } from "../../../src/core/ids.ts";

/**
 * PostgreSQL's tables in memory, as far as the pipeline's own statements use them. A statement is one synchronous function, so it
 * is done whole or not at all and sees no half of another.
 */
export type HeldRow = {
  readonly tenant: TenantId;
  readonly origin: OriginId;
  readonly scope: string;
  until: number;
  reason: string;
};

export type Tables = {
  /** PostgreSQL's clock, ms. */
  readonly now: () => number;
  readonly journal: Map<number, JournalRow>;
  readonly pending: Map<ConversationId, PendingRow[]>;
  readonly parked: Map<number, ParkedRow>;
  readonly conversations: Map<ConversationId, ConversationRow>;
  readonly timers: Map<ConversationId, { readonly tenant: TenantId; readonly dueAt: number }>;
  readonly messages: Map<string, MessageRow>;
  readonly orders: Map<string, RareFields>;
  readonly outcomes: Map<string, RareFields>;
  readonly sessions: Map<string, RareFields>;
  readonly outbox: Map<ConversationId, OutboxRow[]>;
  readonly attempts: Map<string, AttemptRow>;
  readonly parkedDeliveries: Map<string, { readonly attempt: number; readonly reason: string }>;
  /** By the name of what is held (`outbox/scopes.ts`). */
  readonly holds: Map<string, HeldRow>;
};

type Keys = {
  readonly tenant: TenantId;
  readonly conversation: ConversationId;
  readonly origin: OriginId;
};

export type JournalRow = {
  readonly at: number;
  readonly origin: OriginId;
  readonly raw: Uint8Array;
  readonly item: number;
};

export type PendingRow = {
  readonly tenant: TenantId;
  readonly id: number;
  readonly at: number;
  attempts: number;
  nextAt: number | null;
};

export type ParkedRow = {
  readonly conversation: ConversationId;
  readonly attempts: number;
  readonly reason: string;
};

export type ConversationRow = {
  readonly tenant: TenantId;
  readonly origin: OriginId;
  version: number;
  ownerEpoch: number;
  /** As jsonb: what is read is a copy of what was written. */
  state: string | null;
};

export type MessageRow = {
  readonly author: string;
  readonly kind: string;
  readonly text: string;
  readonly event: number | null;
};

export type RareFields = Readonly<Record<string, unknown>>;

export type OutboxRow = Keys & {
  readonly seq: number;
  readonly author: "bot" | "operator";
  readonly ownerEpoch: number;
  body: string;
  readonly createdAt: number;
  readonly deadlineAt: number;
  status: "pending" | "sending";
  attempt: number;
  token: string | null;
  startedAt: number | null;
  failures: number;
  nextAt: number | null;
};

export type AttemptRow = Keys & {
  readonly seq: number;
  readonly n: number;
  readonly startedAt: number;
  outcome: string;
  detail: string | null;
  messageId: string | null;
  readonly declaredUnknownAt: number | null;
  settledBy: "late_answer" | "echo" | null;
};

/** Empty tables. */
export function createTables(now: () => number): Tables {
  return {
    now,
    journal: new Map(),
    pending: new Map(),
    parked: new Map(),
    conversations: new Map(),
    timers: new Map(),
    messages: new Map(),
    orders: new Map(),
    outcomes: new Map(),
    sessions: new Map(),
    outbox: new Map(),
    attempts: new Map(),
    parkedDeliveries: new Map(),
    holds: new Map(),
  };
}

export function seqKey(conversation: ConversationId, seq: number): string {
  return `${conversation}/${seq}`;
}

export function attemptKey(conversation: ConversationId, seq: number, n: number): string {
  return `${conversation}/${seq}/${n}`;
}

/** The open events of a conversation, lowest first. */
export function openEvents(tables: Tables, conversation: ConversationId): readonly PendingRow[] {
  return tables.pending.get(conversation) ?? [];
}

/** Opens an event for its conversation. */
export function addPending(tables: Tables, conversation: ConversationId, row: PendingRow): void {
  const rows = [...openEvents(tables, conversation), row];
  tables.pending.set(
    conversation,
    rows.toSorted((a, b) => a.id - b.id),
  );
}

/** Closes events, because they were applied or parked. */
export function removePending(
  tables: Tables,
  conversation: ConversationId,
  ids: ReadonlySet<number>,
): void {
  const left = openEvents(tables, conversation).filter(({ id }) => !ids.has(id));
  if (left.length === 0) tables.pending.delete(conversation);
  else tables.pending.set(conversation, left);
}

/** The open deliveries of a conversation, lowest first. */
export function openDeliveries(tables: Tables, conversation: ConversationId): readonly OutboxRow[] {
  return tables.outbox.get(conversation) ?? [];
}

export function addDelivery(tables: Tables, row: OutboxRow): void {
  const rows = [...openDeliveries(tables, row.conversation), row];
  tables.outbox.set(
    row.conversation,
    rows.toSorted((a, b) => a.seq - b.seq),
  );
}

export function removeDelivery(tables: Tables, row: OutboxRow): void {
  const left = openDeliveries(tables, row.conversation).filter((other) => other !== row);
  if (left.length === 0) tables.outbox.delete(row.conversation);
  else tables.outbox.set(row.conversation, left);
}

/** What PostgreSQL says when it refuses a row; `code` is the SQLSTATE. */
export function refusalOf(code: string): Error {
  const error = new pg.DatabaseError("refused", 0, "error");
  error.code = code;
  return error;
}
