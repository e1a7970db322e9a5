import { describe, expect, test } from "bun:test";
import type { InboundMutants } from "./inbound-mutants.ts";
import { runInbound } from "./inbound-run.ts";
import type { OutboundMutants } from "./outbound.ts";
import { runOutbound } from "./outbound-run.ts";
import { firstFaultySeed } from "./seeds.ts";

/**
 * The proof that the simulation bites: each of these leaves out one safeguard of the protocol, and must be caught. Whoever adds one
 * that survives should change the workload, not the promise.
 */
const seedsMax = 3_000;
const limitMs = 300_000;

type Mutants<Mutant> = readonly (readonly [string, Mutant])[];

const inbound: Mutants<InboundMutants> = [
  ["the webhook is acknowledged before its commit", { ingest: { answerFirst: true } }],
  ["a copy of an event is a new event", { ingest: { noKeys: true } }],
  ["web processes draw ids from blocks of their own", { cachedSequence: true }],
  ["the commit does not look at the version", { store: { noVersionCheck: true } }],
  ["the commit does not ask whether its events are open", { store: { noPresenceCheck: true } }],
  ["the commit does not ask for lower events", { store: { noGapCheck: true } }],
  ["everything below the highest applied id is applied", { store: { watermark: true } }],
  [
    "state and events are read one after the other, and presence is not asked for",
    { splitLoad: true, store: { noPresenceCheck: true } },
  ],
  ["the cache is written before the commit", { cacheFirst: true }],
  ["a commit without an answer is taken for done", { trustUnknown: true }],
  ["a release drops what was applied, not what was read", { trimApplied: true }],
  ["lost wake-ups are not looked for", { noSweeper: true }],
  ["the lanes of the dead are not put back", { noReaper: true }],
  ["deadlines are not looked for", { noTimers: true }],
  ["an attempt is counted after it, not before", { store: { noSuspicion: true } }],
  ["the deaths of a lane's holders are forgotten", { lanes: { forgetTries: true } }],
  ["one success clears a suspected lane", { lanes: { forgetCaution: true } }],
  ["a failed event is tried for ever", { store: { noPark: true } }],
];

const outbound: Mutants<OutboundMutants> = [
  ["a delivery is marked after it was sent", { store: { markAfter: true } }],
  ["any delivery is marked, not the lowest open one", { store: { markAny: true } }],
  ["an end counts for whatever attempt is under way", { store: { noToken: true } }],
  ["a hold is kept in Redis only", { store: { noHolds: true } }],
  ["a sender is taken for dead too soon", { store: { recoverEarly: true } }],
  ["the window is counted without the life of its grants", { limiter: { exactWindow: true } }],
  ["the limiter is open while it is cold", { limiter: { openWhileCold: true } }],
  ["an older Redis is taken for the same", { limiter: { noRunId: true } }],
  ["a rebuild goes on after Redis was lost again", { limiter: { noNonce: true } }],
  ["a rebuild does not wait for the grants of the lost Redis", { limiter: { noGrace: true } }],
  ["a mark without an answer is taken for done", { trustMark: true }],
  ["the clock is not looked at before the call", { blindClock: true }],
  ["a lost answer is taken for a failure", { guessFailure: true }],
  ["lost announcements are not looked for", { noSweeper: true }],
  ["what was lost alone is not mended", { limiter: { noMend: true } }],
  ["silent senders are not looked for", { noSilenceKeeper: true }],
];

/** A seed that catches the mutant and finds nothing wrong with the protocol itself. */
function expectCaught<Mutant>(run: (seed: number, mutant?: Mutant) => unknown, mutant: Mutant) {
  const seed = firstFaultySeed(seedsMax, (one) => void run(one, mutant));
  if (seed === null) throw new Error(`survives ${seedsMax} seeds`);
  expect(() => run(seed, mutant)).toThrow();
  expect(() => run(seed)).not.toThrow();
}

describe("on the way in it is caught when", () => {
  test.each(inbound)("%s", (_, mutant) => expectCaught(runInbound, mutant), limitMs);
});

describe("on the way out it is caught when", () => {
  test.each(outbound)("%s", (_, mutant) => expectCaught(runOutbound, mutant), limitMs);
});
