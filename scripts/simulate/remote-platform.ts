import { decodeJson, isRecord, type JsonRecord } from "../../src/fake-platform/exact-json.ts";
import type {
  AccountStats,
  Reply,
  SimulationDriver,
} from "../../src/fake-platform/simulation/driver.ts";

/** A fake platform in another process, driven over its control. */
export type RemotePlatform = {
  readonly driver: SimulationDriver;
  readonly accounts: readonly string[];
  /** Time enough for so many clients under the platform's own rate limit. */
  readonly deadlineMs: (clients: number) => number;
  readonly close: () => void;
};

type Stats = { readonly accounts: readonly AccountStats[]; readonly lastSeq: number };

const LOG_WAIT_MS = 5_000;
const CALL_TIMEOUT_MS = 30_000;
const DEADLINE_BASE_MS = 60_000;
/** More than a client with mistakes and a no usually needs. */
const MESSAGES_PER_CLIENT = 9;

/** Connects; rejects with a sentence for people when there is no fake platform at the address. */
export async function connectPlatform(url: string): Promise<RemotePlatform> {
  const { accounts, lastSeq } = await readStats(url).catch(() => {
    throw new Error(`no fake platform answers at ${url}`);
  });
  const closing = new AbortController();
  return {
    accounts: accounts.map((account) => account.account),
    deadlineMs: (clients) => deadlineOf(accounts, clients),
    driver: {
      say: (person, content) => say(url, { do: "say", ...person, ...content }, closing.signal),
      listen: (hear) => {
        const stopped = new AbortController();
        const signal = AbortSignal.any([stopped.signal, closing.signal]);
        followLog({ url, since: lastSeq, hear, signal }).catch(() => stopped.abort());
        return () => stopped.abort();
      },
      stats: async () => (await readStats(url)).accounts,
    },
    close: () => closing.abort(),
  };
}

async function say(url: string, command: JsonRecord, signal: AbortSignal): Promise<boolean> {
  const answer = await fetch(`${url}/__control`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(command),
    signal,
  });
  const body = decodeJson(await answer.text());
  const result = isRecord(body) ? body["result"] : null;
  if (!isRecord(result))
    throw new Error(`the platform refused a client's message (${answer.status})`);
  return result["acknowledged"] === true;
}

/** Asks for news again and again until the signal is aborted; each question waits on the platform's side. */
async function followLog(follow: {
  readonly url: string;
  readonly since: number;
  readonly hear: (reply: Reply) => void;
  readonly signal: AbortSignal;
}): Promise<void> {
  let { since } = follow;
  while (!follow.signal.aborted) {
    const query = `since=${since}&kind=send&waitMs=${LOG_WAIT_MS}`;
    const answer = await fetch(`${follow.url}/__log?${query}`, { signal: follow.signal });
    const body = decodeJson(await answer.text());
    if (!isRecord(body) || !Array.isArray(body["entries"]))
      throw new Error("the log is unreadable");
    for (const entry of body["entries"]) hearEntry(entry, follow.hear);
    since = Number(body["next"]);
  }
}

function hearEntry(entry: unknown, hear: (reply: Reply) => void): void {
  if (!isRecord(entry) || !isRecord(entry["client"])) return;
  if (entry["type"] !== "to_client" && entry["type"] !== "autoreply") return;
  hear({
    account: String(entry["account"]),
    clientId: String(entry["client"]["value"]),
    externalId: entry["externalId"] === null ? null : String(entry["externalId"]),
    text: String(entry["text"]),
  });
}

async function readStats(url: string): Promise<Stats> {
  const answer = await fetch(`${url}/__stats`, { signal: AbortSignal.timeout(CALL_TIMEOUT_MS) });
  const body: unknown = decodeJson(await answer.text());
  if (!isStats(body)) throw new Error("these are not the figures of a fake platform");
  return body;
}

function isStats(body: unknown): body is Stats {
  return isRecord(body) && Array.isArray(body["accounts"]) && typeof body["lastSeq"] === "number";
}

function deadlineOf(accounts: readonly AccountStats[], clients: number): number {
  const perMs = accounts.reduce((sum, one) => sum + one.limitCount / one.limitWindowMs, 0);
  return DEADLINE_BASE_MS + Math.ceil((clients * MESSAGES_PER_CLIENT) / perMs / 1000) * 1000;
}
