import { type OriginId, type ConversationId, tenantId } from "../../../src/core/ids.ts";
import type {
  Finished,
  GrantAnswer,
  GrantQuestion,
  OutboxStore,
  RecentSends,
  SilentSend,
  StrandedDelivery,
} from "../../../src/outbox/store.ts";
import type { Origin } from "../../../src/tenants/origins.ts";
import { finish } from "./outbox-finish.ts";
import { scopeName } from "../../../src/outbox/scopes.ts";
import type { FakeOutboxStoreOptions, OutboxMutants } from "./outbox-options.ts";
import {
  type HeldRow,
  attemptKey,
  openDeliveries,
  type OutboxRow,
  removeDelivery,
  type Tables,
} from "./tables.ts";

const silentMax = 500;

/** The outbox's statements on tables in memory. */
export function createFakeOutboxStore(options: FakeOutboxStoreOptions): OutboxStore {
  const { tables, mutants = {} } = options;
  return {
    exchange: async (finished, grants) => exchange(options, finished, grants),
    stranded: async (page) => stranded(tables, page),
    silent: async (silentMs) => {
      if (mutants.recoverEarly !== true) return silent(tables, silentMs);
      return silent(tables, 2).map((send) => ({ ...send, silent_ms: send.silent_ms + silentMs }));
    },
    recentSends: async (graceMs) =>
      options.origins().flatMap((origin) => recentSendsOf(tables, origin, graceMs)),
    holds: async () =>
      [...tables.holds.values()].flatMap(({ tenant, origin, scope, until, reason }) => {
        const left = until - tables.now();
        if (left <= 0 || mutants.noHolds === true) return [];
        return [{ tenant_id: tenant, origin_id: origin, scope, reason, left_ms: left }];
      }),
    conversationSends: async () => [],
  };
}

function exchange(
  options: FakeOutboxStoreOptions,
  finished: readonly Finished[],
  grants: readonly GrantQuestion[],
): readonly GrantAnswer[] {
  const read: {
    readonly finished: readonly Finished[];
    readonly grants: readonly GrantQuestion[];
  } = JSON.parse(JSON.stringify({ finished, grants }));
  finish(options, read.finished);
  return read.grants.map((question) => answer(options, question));
}

function answer(options: FakeOutboxStoreOptions, question: GrantQuestion): GrantAnswer {
  const { tables, mutants = {} } = options;
  const { i, c, k } = question;
  const head = headOf(tables, c, mutants);
  if (head === undefined) return { i, verdict: "empty" };
  if (head.status === "sending") return { i, verdict: "busy" };
  const epoch = tables.conversations.get(c)?.ownerEpoch ?? head.ownerEpoch;
  if (head.author === "bot" && head.ownerEpoch !== epoch) return supersede(tables, head, i);
  const now = tables.now();
  if (head.nextAt !== null && head.nextAt > now)
    return { i, verdict: "waiting", wait_ms: head.nextAt - now };
  const held = mutants.noHolds === true ? undefined : heldOf(tables, head.origin, question.sc);
  if (held !== undefined && held.until > now)
    return { i, verdict: "held", wait_ms: held.until - now, held_scope: held.scope };
  const attempt = head.attempt + 1;
  if (mutants.markAfter !== true) {
    head.status = "sending";
    head.attempt = attempt;
    head.token = k;
    head.startedAt = now;
  }
  const { failures, author, body } = head;
  const left_ms = head.deadlineAt - now;
  return { i, verdict: "marked", seq: String(head.seq), attempt, failures, author, body, left_ms };
}

function headOf(
  tables: Tables,
  conversation: ConversationId,
  { markAny }: OutboxMutants,
): OutboxRow | undefined {
  const rows = openDeliveries(tables, conversation);
  if (markAny !== true) return rows[0];
  const now = tables.now();
  const any = rows.find((row) => row.status === "pending" && (row.nextAt ?? 0) <= now);
  return any ?? rows[0];
}

function supersede(tables: Tables, head: OutboxRow, i: number): GrantAnswer {
  removeDelivery(tables, head);
  const { tenant, conversation, origin, seq } = head;
  const n = head.attempt + 1;
  tables.attempts.set(attemptKey(conversation, seq, n), {
    tenant,
    conversation,
    origin,
    seq,
    n,
    startedAt: tables.now(),
    outcome: "superseded",
    detail: null,
    messageId: null,
    declaredUnknownAt: null,
    settledBy: null,
  });
  return { i, verdict: "superseded" };
}

/** The longest of the holds that hold for a conversation. */
function heldOf(tables: Tables, origin: OriginId, scopes: readonly string[]): HeldRow | undefined {
  return ["", ...scopes]
    .flatMap((scope) => tables.holds.get(scopeName(origin, scope)) ?? [])
    .toSorted((a, b) => b.until - a.until)[0];
}

function allDeliveries(tables: Tables): readonly OutboxRow[] {
  return [...tables.outbox.values()].flat();
}

function stranded(
  tables: Tables,
  page: Parameters<OutboxStore["stranded"]>[0],
): readonly StrandedDelivery[] {
  const before = tables.now() - page.ageMs;
  const rows = allDeliveries(tables)
    .filter((row) => row.createdAt < before && isAfter(row, page))
    .toSorted(
      (a, b) => a.tenant - b.tenant || compare(a.conversation, b.conversation) || a.seq - b.seq,
    )
    .slice(0, page.limit);
  const heads = rows.filter((row, place) => rows[place - 1]?.conversation !== row.conversation);
  return heads.map((head) => ({
    tenant_id: head.tenant,
    conv: head.conversation,
    origin_id: head.origin,
    open: String(rows.filter(({ conversation }) => conversation === head.conversation).length),
    wait_ms: head.nextAt === null ? null : head.nextAt - tables.now(),
    identity: null,
  }));
}

function isAfter(row: OutboxRow, page: { readonly tenant: number; readonly conversation: string }) {
  if (row.tenant !== page.tenant) return row.tenant > page.tenant;
  return row.conversation > page.conversation;
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function silent(tables: Tables, silentMs: number): readonly SilentSend[] {
  const now = tables.now();
  return allDeliveries(tables)
    .flatMap((row) =>
      row.status === "sending" && row.startedAt !== null && row.token !== null
        ? [{ ...row, startedAt: row.startedAt, token: row.token }]
        : [],
    )
    .filter(({ startedAt }) => startedAt < now - silentMs)
    .toSorted((a, b) => a.startedAt - b.startedAt)
    .slice(0, silentMax)
    .map((row) => ({
      tenant_id: row.tenant,
      conv: row.conversation,
      seq: String(row.seq),
      origin_id: row.origin,
      author: row.author,
      attempt: row.attempt,
      failures: row.failures,
      token: row.token,
      silences: silencesOf(tables, row),
      silent_ms: now - row.startedAt,
      left_ms: row.deadlineAt - now,
    }));
}

function silencesOf(tables: Tables, { conversation, seq }: OutboxRow): number {
  return [...tables.attempts.values()].filter(
    (attempt) =>
      attempt.conversation === conversation &&
      attempt.seq === seq &&
      attempt.declaredUnknownAt !== null &&
      attempt.detail === "sender_silent",
  ).length;
}

function recentSendsOf(
  tables: Tables,
  { id, tenant, rate }: Origin,
  graceMs: number,
): readonly RecentSends[] {
  const now = tables.now();
  const ended = [...tables.attempts.values()].filter(
    ({ origin, outcome }) => origin === id && outcome !== "superseded" && outcome !== "expired",
  );
  const sending = allDeliveries(tables).filter(
    ({ origin, status }) => origin === id && status === "sending",
  );
  const ages = [...ended, ...sending]
    .map(({ startedAt }) => now - (startedAt ?? 0))
    .filter((age) => age < rate.windowMs + graceMs)
    .toSorted((a, b) => a - b)
    .slice(0, rate.count);
  return ages.length === 0 ? [] : [{ tenant_id: tenantId(tenant), origin_id: id, ages }];
}
