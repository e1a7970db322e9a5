import { conversationId, originId, tenantId } from "../../../src/core/ids.ts";
import type { Database } from "../../../src/platform/postgres/database.ts";
import { addEvent } from "./conversation-store.ts";
import type { Tables } from "./tables.ts";

/** What `ingest` keeps beside the tables: the keys that are stored, and those of transactions that are still open. */
export type IngestData = {
  readonly tables: Tables;
  readonly stored: Set<string>;
  readonly open: Set<string>;
};

export type FakeIngestOptions = {
  readonly data: IngestData;
  /** The sequence of the journal. */
  readonly nextId: () => number;
  /** Lets time pass inside PostgreSQL, while a transaction is open. */
  readonly later: (work: () => void) => void;
  /** Whether the transaction that is about to commit is rolled back instead. */
  readonly aborts: () => boolean;
  readonly mutants?: {
    /** Answers before the commit. */
    readonly answerFirst?: boolean;
    /** Takes every copy for a new event. */
    readonly noKeys?: boolean;
  };
};

export function emptyIngestData(tables: Tables): IngestData {
  return { tables, stored: new Set(), open: new Set() };
}

type Row = {
  readonly o: number;
  readonly t: number;
  readonly g: number;
  readonly b: number;
  readonly k: string;
  readonly c: string | null;
  readonly r: string | null;
  readonly f: number;
  readonly n: number;
  readonly i: number;
};

/**
 * `at` is the instant of the commit. In PostgreSQL it is that of the begin, a moment earlier: a deadline that lies between the two
 * may be met before or after the event, and both are right, because nobody has acknowledged it yet.
 */
type Fresh = Row & { readonly id: number; at: number };

/**
 * A database that knows one statement, `ingest`. Ids are drawn when it begins and rows appear when it commits, so that a lower id
 * may appear after a higher one. A copy of an event that is being stored waits for the end of that transaction.
 */
export function createFakeIngestDatabase(options: FakeIngestOptions): Database {
  return {
    query: (statement, values) => {
      if (statement.name !== "ingest") throw new Error(`nobody answers ${statement.name} here`);
      const rows: readonly Row[] = JSON.parse(String(values[0]));
      const raw = Buffer.isBuffer(values[1]) ? values[1] : Buffer.alloc(0);
      const { promise, resolve, reject } = Promise.withResolvers<readonly Fresh[]>();
      begin(options, { rows, raw, resolve, reject });
      return promise.then((fresh) => answerOf(fresh));
    },
    lend: () => Promise.reject(new Error("nobody lends connections here")),
    close: async () => undefined,
  };
}

type Call = {
  readonly rows: readonly Row[];
  readonly raw: Buffer;
  readonly resolve: (fresh: readonly Fresh[]) => void;
  readonly reject: (error: Error) => void;
};

function keyOf({ g, b, k }: Row): string {
  return `${g}/${b}/${k}`;
}

function begin(options: FakeIngestOptions, call: Call): void {
  const { data, nextId, later, mutants } = options;
  if (call.rows.some((row) => data.open.has(keyOf(row)))) {
    later(() => begin(options, call));
    return;
  }
  const fresh = call.rows
    .filter((row) => mutants?.noKeys === true || !data.stored.has(keyOf(row)))
    .map((row) => ({ ...row, id: nextId(), at: data.tables.now() }));
  for (const row of fresh) data.open.add(keyOf(row));
  if (mutants?.answerFirst === true) call.resolve(fresh);
  later(() => end(options, call, fresh));
}

function end({ data, aborts }: FakeIngestOptions, call: Call, fresh: readonly Fresh[]): void {
  for (const row of fresh) data.open.delete(keyOf(row));
  if (aborts()) {
    call.reject(new Error("rolled back"));
    return;
  }
  for (const row of fresh) {
    row.at = data.tables.now();
    store(data, row, call.raw);
  }
  call.resolve(fresh);
}

function store(data: IngestData, row: Fresh, raw: Buffer): void {
  data.stored.add(keyOf(row));
  if (row.r !== null || row.c === null) return;
  addEvent(data.tables, {
    id: row.id,
    tenant: tenantId(row.t),
    conversation: conversationId(row.c),
    origin: originId(row.g),
    raw: raw.subarray(row.f - 1, row.f - 1 + row.n),
    item: row.i,
    at: row.at,
  });
}

/** As the driver gives it: bigints are text. The caller says what a row looks like. */
function answerOf<Answer>(fresh: readonly Fresh[]): readonly Answer[] {
  const rows = fresh.map(({ o, id, at }) => ({ o, id: String(id), at_ms: at }));
  return JSON.parse(JSON.stringify(rows));
}
