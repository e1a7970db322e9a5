import type { SentMessage } from "./sent-message.ts";

/** A call of `POST /v1/messages` reached the platform; a call cut before reading has `overLimit` false and takes no place. */
export type ArrivalEntry = {
  readonly kind: "arrival";
  readonly call: number;
  readonly overLimit: boolean;
  readonly cutBeforeReading: boolean;
};

/** The platform took the message: from here on the client sees it, whatever the caller is told. */
export type SendEntry = { readonly kind: "send"; readonly call: number } & SentMessage;

/** What the caller was told; `status` is null when the connection was cut or left hanging. */
export type AnswerEntry = {
  readonly kind: "answer";
  readonly call: number;
  readonly ending: "answered" | "cut" | "hung";
  readonly status: number | null;
  readonly accepted: boolean;
};

/** One POST to the webhook URL; `status` is null when no answer came. Times are the platform's monotonic ms. */
export type WebhookEntry = {
  readonly kind: "webhook";
  readonly delivery: number;
  readonly attempt: number;
  readonly copy: number;
  readonly hookType: string;
  readonly messageId: string | null;
  readonly clientId: string | null;
  readonly status: number | null;
  readonly error: string | null;
  readonly startedMs: number;
};

export type LogFact = ArrivalEntry | SendEntry | AnswerEntry | WebhookEntry;

/** `seq` is the cursor, from 1; `atMs` is the platform's monotonic clock. */
export type LogEntry = LogFact & {
  readonly seq: number;
  readonly atMs: number;
  readonly account: string;
};

/** The oldest entries are forgotten beyond this; a reader sees it by a first `seq` after its cursor. */
const ENTRIES_MAX = 200_000;

/** Everything that happened, in order, with a way to wait for what has not happened yet. */
export class PlatformLog {
  readonly #now: () => number;
  readonly #listeners = new Set<(entry: LogEntry) => void>();
  #entries: LogEntry[] = [];
  #seq = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  append(account: string, fact: LogFact): LogEntry {
    this.#seq += 1;
    const entry = { ...fact, seq: this.#seq, atMs: this.#now(), account };
    this.#entries.push(entry);
    if (this.#entries.length > ENTRIES_MAX) this.#entries = this.#entries.slice(ENTRIES_MAX / 2);
    for (const listener of [...this.#listeners]) listener(entry);
    return entry;
  }

  get lastSeq(): number {
    return this.#seq;
  }

  /** Entries with a `seq` above the cursor, oldest first. */
  since(cursor: number): readonly LogEntry[] {
    const first = this.#entries[0]?.seq ?? 1;
    return this.#entries.slice(Math.max(0, cursor + 1 - first));
  }

  /** Calls back for each entry from now on; returns the way to stop. */
  listen(listener: (entry: LogEntry) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Resolves with the first entry, past or coming, that fits; rejects after the time-out. */
  waitFor(fits: (entry: LogEntry) => boolean, timeoutMs: number): Promise<LogEntry> {
    const past = this.#entries.find(fits);
    if (past !== undefined) return Promise.resolve(past);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        forget();
        reject(new Error(`the fake Chat2Desk saw nothing that fits within ${timeoutMs} ms`));
      }, timeoutMs);
      const forget = this.listen((entry) => {
        if (!fits(entry)) return;
        clearTimeout(timer);
        forget();
        resolve(entry);
      });
    });
  }
}
