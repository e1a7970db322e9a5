import type { FakeChat2Desk } from "../../../src/channels/chat2desk/fake/platform.ts";
import type { Random } from "../../../src/fake-platform/seeded-random.ts";
import type { CrashPoints } from "../crash/crash-points.ts";
import type { FaultProxy } from "../fault-proxy.ts";
import type { AccountTerms } from "../histories.ts";
import type { NemesisLog } from "../nemesis.ts";
import type { Roles } from "../roles.ts";
import type { DrillPostgres, DrillRedis } from "../stores.ts";
import type { Workload } from "../workload.ts";

/** What a fault may act on. */
export type Ground = {
  readonly roles: Roles;
  readonly proxies: ReadonlyMap<string, FaultProxy>;
  readonly redis: DrillRedis;
  readonly postgres: DrillPostgres;
  readonly database: string;
  readonly platform: FakeChat2Desk;
  readonly workload: Workload;
  readonly accounts: readonly AccountTerms[];
  readonly crash: CrashPoints;
  readonly nemesis: NemesisLog;
  readonly random: Random;
  /** How long the fault may last, ms; it heals what it did before it ends. */
  readonly durationMs: number;
};

/** What a run with this fault needs from its beginning. */
export type Needs = {
  /** Processes with crash points and movable clocks. */
  readonly preload?: boolean;
  readonly outboxes?: number;
  readonly redisAbsent?: boolean;
  readonly poison?: "drill-poison-throw" | "drill-poison-kill";
  /** Share of messages that come a hundred times at once. */
  readonly burstShare?: number;
  readonly sessionSilence?: string;
  /** Longest pause of a patient client between two lines, ms. */
  readonly pauseMsMax?: number;
  /** Orders of one client, one after another. */
  readonly ordersEach?: number;
};

/** One fault: `inject` resolves when it is over and healed. It tells the nemesis log what it did and that it fired. */
export type Fault = {
  readonly name: string;
  /** The faults of the reliability plan that it stands for. */
  readonly codes: string;
  readonly what: string;
  readonly needs: Needs;
  readonly inject: (ground: Ground) => Promise<void>;
};

/** The proxy of that name. */
export function proxyOf(ground: Ground, name: string): FaultProxy {
  const proxy = ground.proxies.get(name);
  if (proxy === undefined) throw new Error(`the drill has no proxy ${name}`);
  return proxy;
}

/** A number between two, by the seed. */
export function between(random: Random, least: number, most: number): number {
  return least + random() * (most - least);
}

/** One of these, by the seed. */
export function pick<Item>(random: Random, items: readonly Item[]): Item | undefined {
  return items[Math.floor(random() * items.length)];
}
