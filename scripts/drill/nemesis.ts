import type { Disturbance, Hold, Target } from "./histories.ts";

type Begun = Pick<Disturbance, "fault" | "target" | "kind"> & { readonly note?: string };

/**
 * The history of what was done to the system. A state is open until its end is told.
 *
 *   none ──begin──▶ open ──end──▶ written          none ──blow──▶ written
 */
export class NemesisLog {
  readonly #entries: (Disturbance & { untilMs: number })[] = [];
  readonly holds: Hold[] = [];
  readonly #fired = new Map<string, number>();
  readonly #write: (entry: object) => void;

  constructor(write: (entry: object) => void) {
    this.#write = write;
  }

  /** Something that is over at once. */
  blow(what: Begun): void {
    const now = performance.now();
    const entry = { note: "", ...what, fromMs: now, untilMs: now };
    this.#entries.push(entry);
    this.#write(entry);
  }

  /** Something that lasts; call the result when it is over. */
  begin(what: Begun): () => void {
    const entry = {
      note: "",
      ...what,
      fromMs: performance.now(),
      untilMs: Number.POSITIVE_INFINITY,
    };
    this.#entries.push(entry);
    this.#write({ ...entry, untilMs: null });
    return () => {
      entry.untilMs = performance.now();
      this.#write(entry);
    };
  }

  hold(hold: Hold): void {
    this.holds.push(hold);
    this.#write(hold);
  }

  /** Proof that a fault happened: a process died of it, bytes were touched, an answer was told. */
  fired(fault: string, times = 1): void {
    this.#fired.set(fault, (this.#fired.get(fault) ?? 0) + times);
  }

  firedTimes(fault: string): number {
    return this.#fired.get(fault) ?? 0;
  }

  get entries(): readonly Disturbance[] {
    return this.#entries;
  }
}

/** Every target that a role's processes are. */
export type RoleTarget = Extract<Target, "web" | "worker" | "outbox" | "cron">;
