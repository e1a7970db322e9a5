import { expect, test } from "bun:test";
import {
  createLanes,
  type ClaimedLane,
  type Lanes,
  type NextStep,
  type Release,
} from "../../src/lane/lanes.ts";
import { createRandom, type Random } from "../support/simulation/random.ts";
import { openTestRedis } from "../support/test-redis.ts";
import { openFakeLanes } from "./fake-lanes-harness.ts";
import { laneName, lanesConformance, type LanesHarness, mailFor, releaseOf } from "./lanes.ts";

async function openRealLanes(): Promise<LanesHarness> {
  const { redis, prefix, close } = await openTestRedis("{s0}");
  return {
    lanes: createLanes(redis, prefix),
    hasten: async (conversation) => {
      await redis.raw.zadd(`${prefix}due`, "XX", 0, conversation);
    },
    close,
  };
}

lanesConformance("in memory", openFakeLanes);
lanesConformance("on Redis", openRealLanes);

const sequences = 25;
const commands = 60;

test("the lanes in memory answer any sequence of calls as Redis does", async () => {
  for (let seed = 1; seed <= sequences; seed += 1) {
    const [fake, real] = [await openFakeLanes(), await openRealLanes()];
    expect(await play(fake, seed)).toEqual(await play(real, seed));
    await real.close();
  }
});

/** Plays a seeded sequence of calls and returns all their answers. */
async function play(harness: LanesHarness, seed: number): Promise<readonly unknown[]> {
  const random = createRandom(seed);
  const held: ClaimedLane[] = [];
  const answers: unknown[] = [];
  for (let count = 1; count <= commands; count += 1)
    answers.push(await playOne(harness, { random, held, count }));
  return answers;
}

type Played = { readonly random: Random; readonly held: ClaimedLane[]; readonly count: number };

async function playOne(harness: LanesHarness, { random, held, count }: Played): Promise<unknown> {
  const { lanes } = harness;
  const lane = laneName(random.int(4), 1 + random.int(2));
  switch (random.int(8)) {
    case 0:
    case 1:
      return lanes.post([mailFor(lane, count), mailFor(laneName(random.int(4)), count + 1_000)]);
    case 2:
      return lanes.wake([lane]);
    case 3: {
      const claimed = await lanes.claim(`t${count}.`);
      held.push(...claimed);
      return claimed;
    }
    case 4:
    case 5:
      return releaseAny(lanes, { random, held, count });
    case 6:
      await harness.hasten(lane.conversation);
      return lanes.reap();
    default:
      return lanes.renew(held.slice(0, 2));
  }
}

async function releaseAny(lanes: Lanes, { random, held, count }: Played): Promise<unknown> {
  // A lane may be released twice, or by somebody who has lost it.
  const lane = held[random.int(Math.max(1, held.length))];
  if (lane === undefined) return null;
  const next: NextStep = random.pick<NextStep>(["done", "again", "keep", { waitMs: 60_000 }]);
  const cache = random.pick<Release["cache"]>([
    null,
    "forget",
    { version: random.int(9) + 1, state: `s${count}` },
  ]);
  const caution = { care: random.int(3), single: random.int(3) };
  return lanes.release([releaseOf(lane, { next, cache, caution })]);
}
