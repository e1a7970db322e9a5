import { ClientSimulator } from "./client-simulator.ts";
import { writeOrderScript } from "./order-script.ts";
import { pause } from "../pause.ts";
import { seededRandom } from "../seeded-random.ts";
import type { Person, SimulationDriver } from "./driver.ts";
import { type SimulationFindings, summarize } from "./simulation-findings.ts";

/** Many clients order at once through whatever system is connected to the fake platform. */
export type SimulationOptions = {
  readonly driver: SimulationDriver;
  readonly people: readonly Person[];
  readonly seed?: number;
  /** Clients who are writing at the same time; default all. */
  readonly concurrency?: number;
  /** The share of steps at which a client first answers something unfit; default 0.2. */
  readonly mistakeShare?: number;
  /** At most so many messages of clients per second over all; default no bound. */
  readonly messagesPerSecond?: number;
  readonly replyTimeoutMs?: number;
  /** The whole run ends after this, finished or not. */
  readonly deadlineMs?: number;
  /** How long to listen for late second replies after the last client is through. */
  readonly settleMs?: number;
  /** Called after every message and reply. */
  readonly onProgress?: (progress: SimulationProgress) => void;
};

export type SimulationProgress = {
  readonly clients: number;
  readonly through: number;
  readonly messages: number;
  readonly replies: number;
};

const MISTAKE_SHARE = 0.2;
const REPLY_TIMEOUT_MS = 60_000;
const DEADLINE_MS = 300_000;
const SETTLE_MS = 500;
/** Spreads the clients' seeds, so that neighbours do not write the same. */
const SEED_STEP = 7919;

/** Runs the clients to their end or the deadline and returns what they found; rejects when the platform is out of reach. */
export async function simulateClients(options: SimulationOptions): Promise<SimulationFindings> {
  const failed = new AbortController();
  const deadline = AbortSignal.timeout(options.deadlineMs ?? DEADLINE_MS);
  const stopping = AbortSignal.any([deadline, failed.signal]);
  const progress = { clients: options.people.length, through: 0, messages: 0, replies: 0 };
  const report = (change: "through" | "messages" | "replies") => {
    progress[change] += 1;
    options.onProgress?.({ ...progress });
  };
  const pace = paceOf(options.messagesPerSecond ?? Number.POSITIVE_INFINITY, stopping);
  const beforeMessage = async () => {
    await pace();
    report("messages");
  };
  const crowd = gather(options, { beforeMessage, stopping });
  let strays = 0;
  const before = await options.driver.stats();
  const forget = options.driver.listen((reply) => {
    const client = crowd.get(keyOf(reply));
    if (client === undefined) strays += 1;
    client?.hear(reply);
    report("replies");
  });
  try {
    await runAll([...crowd.values()], options.concurrency ?? crowd.size, () => report("through"));
    await pause(options.settleMs ?? SETTLE_MS, stopping);
  } finally {
    failed.abort();
    forget();
  }
  const clients = [...crowd.values()].map((client) => client.findings());
  return summarize({ clients, strays, before, after: await options.driver.stats() });
}

/** The same client ids on each of the accounts. */
export function samePeopleOn(
  accounts: readonly string[],
  count: number,
  firstClientId = 17_340_001,
): readonly Person[] {
  const clientIds = Array.from({ length: count }, (_, index) => String(firstClientId + index));
  return clientIds.flatMap((clientId) => accounts.map((account) => ({ account, clientId })));
}

function gather(
  options: SimulationOptions,
  shared: { readonly beforeMessage: () => Promise<void>; readonly stopping: AbortSignal },
): ReadonlyMap<string, ClientSimulator> {
  const { driver, people, seed = 1, mistakeShare = MISTAKE_SHARE } = options;
  const replyTimeoutMs = options.replyTimeoutMs ?? REPLY_TIMEOUT_MS;
  return new Map(
    people.map((person, index) => {
      const random = seededRandom(seed * SEED_STEP + index);
      // One client always says no; others do as often as they make a mistake.
      const saysNo = index === seed % people.length || random() < mistakeShare;
      const name = `${person.account} ${person.clientId}`;
      const script = writeOrderScript({ random, person: name, mistakeShare, saysNo });
      const client = new ClientSimulator({ person, script, driver, replyTimeoutMs, ...shared });
      return [keyOf(person), client] as const;
    }),
  );
}

async function runAll(
  clients: readonly ClientSimulator[],
  concurrency: number,
  onThrough: () => void,
): Promise<void> {
  const left = clients.values();
  const seat = async () => {
    for (const client of left) {
      await client.run();
      onThrough();
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, clients.length) }, seat));
}

/** A gate that opens so many times per second, evenly. */
function paceOf(perSecond: number, stopping: AbortSignal): () => Promise<void> {
  let nextMs = performance.now();
  return () => {
    const nowMs = performance.now();
    const turnMs = Math.max(nowMs, nextMs);
    nextMs = turnMs + 1000 / perSecond;
    return pause(turnMs - nowMs, stopping);
  };
}

function keyOf({ account, clientId }: Person): string {
  return `${account} ${clientId}`;
}
