/** `seq` is the cursor, from 1; `atMs` is the platform's monotonic clock. */
export type Logged<Fact> = Fact & {
  readonly seq: number;
  readonly atMs: number;
  readonly account: string;
};

/** The oldest entries are forgotten beyond this; a reader sees it by a first `seq` after its cursor. */
const ENTRIES_MAX = 200_000;

/** Everything that happened on a platform, in order, with a way to wait for what has not happened yet. */
export class EventLog<Fact extends { readonly kind: string }> {
  readonly #now: () => number;
  readonly #listeners = new Set<(entry: Logged<Fact>) => void>();
  #entries: Logged<Fact>[] = [];
  #seq = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  append(account: string, fact: Fact): Logged<Fact> {
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
  since(cursor: number): readonly Logged<Fact>[] {
    const first = this.#entries[0]?.seq ?? 1;
    return this.#entries.slice(Math.max(0, cursor + 1 - first));
  }

  /** Calls back for each entry from now on; returns the way to stop. */
  listen(listener: (entry: Logged<Fact>) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Resolves with the first entry, past or coming, that fits; rejects after the time-out. */
  waitFor(fits: (entry: Logged<Fact>) => boolean, timeoutMs: number): Promise<Logged<Fact>> {
    const past = this.#entries.find(fits);
    if (past !== undefined) return Promise.resolve(past);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        forget();
        reject(new Error(`the fake platform saw nothing that fits within ${timeoutMs} ms`));
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
