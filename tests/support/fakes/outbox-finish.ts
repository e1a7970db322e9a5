import { scopeName } from "../../../src/outbox/scopes.ts";
import type { Finished } from "../../../src/outbox/store.ts";
import type { FakeOutboxStoreOptions } from "./outbox-options.ts";
import {
  attemptKey,
  openDeliveries,
  type OutboxRow,
  refusalOf,
  removeDelivery,
  seqKey,
  type Tables,
} from "./tables.ts";

/** Records the ends of attempts; an end counts only for the attempt that is still marked with its token. */
export function finish(options: FakeOutboxStoreOptions, finished: readonly Finished[]): void {
  const { tables, mutants } = options;
  const ended = finished.flatMap((end) => {
    const row = openDeliveries(tables, end.c).find((one) => isOf(one, end, mutants?.noToken));
    return row === undefined ? [] : [{ end, row }];
  });
  for (const { end, row } of ended) {
    const key = attemptKey(end.c, row.seq, end.a ?? 0);
    if (!end.un && tables.attempts.has(key)) throw refusalOf("23505");
  }
  const recorded = new Set(ended.filter(({ end }) => !end.un).map(({ end }) => end));
  for (const { end, row } of ended) conclude(tables, end, row);
  for (const end of finished) if (!recorded.has(end)) settleLate(tables, end);
  for (const end of finished) holdFor(options, end);
}

function isOf(row: OutboxRow, end: Finished, noToken: boolean | undefined): boolean {
  const token = row.token === end.k || noToken === true;
  if (row.status !== "sending" || !token) return false;
  if (end.q === null) return end.un;
  return row.seq === Number(end.q) && (row.attempt === end.a || noToken === true);
}

function conclude(tables: Tables, end: Finished, row: OutboxRow): void {
  const { tenant, conversation, origin, seq } = row;
  const now = tables.now();
  if (!end.un) {
    const n = end.a ?? 0;
    tables.attempts.set(attemptKey(conversation, seq, n), {
      tenant,
      conversation,
      origin,
      seq,
      n,
      startedAt: row.startedAt ?? now,
      outcome: end.oc ?? "unknown",
      detail: end.de,
      messageId: end.mi,
      declaredUnknownAt: end.oc === "unknown" ? now : null,
      settledBy: null,
    });
  }
  if (end.pk !== null)
    tables.parkedDeliveries.set(seqKey(conversation, seq), {
      attempt: row.attempt,
      reason: end.pk,
    });
  if (end.fi) {
    removeDelivery(tables, row);
    return;
  }
  row.status = "pending";
  row.token = null;
  row.failures += end.fl;
  if (end.un) row.attempt -= 1;
  row.nextAt = now + end.w;
  row.body = end.bo ?? row.body;
}

/** An answer that came after its attempt was declared unknown settles the record and drops a resend that has not begun. */
function settleLate(tables: Tables, end: Finished): void {
  if (end.q === null || end.a === null || end.un || end.oc === null || end.oc === "unknown") return;
  const seq = Number(end.q);
  const attempt = tables.attempts.get(attemptKey(end.c, seq, end.a));
  if (attempt?.outcome !== "unknown") return;
  attempt.outcome = end.oc;
  attempt.detail = end.de;
  attempt.messageId = end.mi;
  attempt.settledBy = "late_answer";
  if (end.oc !== "sent" && end.oc !== "rejected") return;
  const key = seqKey(end.c, seq);
  if (tables.parkedDeliveries.get(key)?.attempt === end.a) tables.parkedDeliveries.delete(key);
  const resend = openDeliveries(tables, end.c).find(
    (row) => row.seq === seq && row.status === "pending" && row.attempt === end.a,
  );
  if (resend !== undefined) removeDelivery(tables, resend);
}

function holdFor({ tables, onHold }: FakeOutboxStoreOptions, end: Finished): void {
  if (end.ho === null) return;
  const until = tables.now() + end.ho;
  const name = scopeName(end.g, end.hs);
  const known = tables.holds.get(name);
  const { t: tenant, g: origin, hs: scope } = end;
  if (known === undefined || known.until < until)
    tables.holds.set(name, { tenant, origin, scope, until, reason: end.hr ?? "" });
  onHold?.(end.g, until);
}
