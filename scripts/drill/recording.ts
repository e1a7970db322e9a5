import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { LogEntry } from "../../src/channels/chat2desk/fake/platform-log.ts";
import type { Call, Histories, Invocation, Post } from "./histories.ts";

/** Smaller lags say nothing, ms. */
const lagMinMs = 5;
const lagEveryMs = 5;

/**
 * The histories as they are written: in memory for the checker, and line by line in files for people. Who writes here is never
 * killed. A line is written at once; nothing is ever changed or taken away.
 */
export class Recording {
  readonly invocations: Invocation[] = [];
  readonly posts: Post[] = [];
  readonly #calls = new Map<number, Call>();
  readonly lags: { readonly atMs: number; readonly lagMs: number }[] = [];
  readonly #folder: string;
  readonly #lines = new Map<string, string[]>();
  readonly #timers: ReturnType<typeof setInterval>[] = [];

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  /** Watches how late this process is, and writes what has gathered. */
  start(): void {
    let last = performance.now();
    const watch = () => {
      const now = performance.now();
      const lagMs = now - last - lagEveryMs;
      if (lagMs > lagMinMs) this.lags.push({ atMs: now, lagMs });
      last = now;
    };
    this.#timers.push(
      setInterval(watch, lagEveryMs),
      setInterval(() => this.flush(), 250),
    );
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.flush();
  }

  flush(): void {
    for (const [file, lines] of this.#lines)
      if (lines.length > 0) appendFileSync(join(this.#folder, file), lines.splice(0).join(""));
  }

  write(file: string, entry: object): void {
    const lines = this.#lines.get(file) ?? [];
    lines.push(`${JSON.stringify(entry)}\n`);
    this.#lines.set(file, lines);
  }

  invoke(invocation: Invocation): void {
    this.invocations.push(invocation);
    const { text: _text, ...rest } = invocation;
    this.write("sender.jsonl", rest);
  }

  /** What the platform saw and did. */
  hear(entry: LogEntry): void {
    const { account, atMs } = entry;
    if (entry.kind === "webhook") {
      const { messageId, hookType, status, startedMs, error } = entry;
      const post = { account, message: messageId, hookType, status, startedMs, atMs };
      this.posts.push(post);
      this.write("sender.jsonl", { ...post, error });
      return;
    }
    this.#calls.set(entry.call, withEntry(this.#calls.get(entry.call), entry));
    const { kind, call } = entry;
    this.write("platform.jsonl", {
      kind,
      call,
      account,
      atMs,
      ...(entry.kind === "answer" ? { ending: entry.ending, status: entry.status } : {}),
      ...(entry.kind === "send" ? { delivery: entry.externalId, client: entry.client.value } : {}),
    });
  }

  get calls(): readonly Call[] {
    return [...this.#calls.values()];
  }

  /** The part of the histories that stands here. */
  histories(): Pick<Histories, "invocations" | "posts" | "calls" | "lags"> {
    return { invocations: this.invocations, posts: this.posts, calls: this.calls, lags: this.lags };
  }
}

type CallEntry = Exclude<LogEntry, { kind: "webhook" }>;

function withEntry(known: Call | undefined, entry: CallEntry): Call {
  const call = known ?? {
    account: entry.account,
    call: entry.call,
    arrivedMs: entry.atMs,
    unread: false,
    delivery: null,
    client: null,
    text: "",
    acceptedMs: null,
    end: null,
  };
  switch (entry.kind) {
    case "arrival":
      return { ...call, arrivedMs: entry.atMs, unread: entry.cutBeforeReading };
    case "send":
      return {
        ...call,
        delivery: entry.externalId,
        client: entry.client.value,
        text: entry.text,
        acceptedMs: entry.atMs,
      };
    case "answer":
      return { ...call, end: { ending: entry.ending, status: entry.status, atMs: entry.atMs } };
  }
}
