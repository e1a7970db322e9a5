import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { ClaimedLane } from "../../../src/lane/lanes.ts";
import { eventually } from "../../support/eventually.ts";
import { fragileDialog, openWorkbench, type Workbench } from "../../support/workbench.ts";
import { applied, logOf, passTime, pendingOf, untilApplied } from "./scene.ts";

let bench: Workbench;
beforeAll(async () => {
  bench = await openWorkbench();
});
afterAll(() => bench.close());

/** A worker that dies without a word when it decides `killer`: everything it does afterwards is nothing. */
function mortalWorker(killer: string) {
  const died = Promise.withResolvers<void>();
  const decided: string[] = [];
  const never = new Promise<never>(() => undefined);
  let alive = true;
  const whileAlive = <T>(work: () => Promise<T>): Promise<T> => (alive ? work() : never);
  const worker = bench.newWorker({
    dialog: {
      ...fragileDialog,
      step: (run, input, language) => {
        decided.push(input.text);
        if (input.text === killer) {
          alive = false;
          died.resolve();
        }
        return fragileDialog.step(run, input, language);
      },
    },
    lanes: {
      ...bench.lanes,
      claim: (token) => whileAlive(() => bench.lanes.claim(token)),
      release: (releases) => whileAlive(() => bench.lanes.release(releases)),
    },
    store: { ...bench.store, commit: (...given) => whileAlive(() => bench.store.commit(...given)) },
  });
  return {
    drained: () => Promise.race([worker.drain(), died.promise]),
    decided,
    dead: () => !alive,
  };
}

const attemptsOf = (client: string) =>
  bench.database.count("SELECT attempts FROM pending WHERE conv = $1 ORDER BY id LIMIT 1", [
    bench.conversation(client),
  ]);

/** Claims a client's lane and drops it, as a worker does that is killed. */
async function dropped(client: string): Promise<ClaimedLane> {
  const [lane] = await bench.lanes.claim(`${crypto.randomUUID()}.`);
  if (lane?.conversation !== bench.conversation(client)) throw new Error("another lane was ready");
  await passTime(bench, client);
  return lane;
}

describe("an event that kills whoever decides it", () => {
  test("is started five times, counted before each start from the third on, and then parked", async () => {
    await bench.post([await bench.say("killer", "deadly")]);
    const attempts: number[] = [];
    for (let start = 0; start < 5; start += 1) {
      const mortal = mortalWorker("deadly");
      await mortal.drained();
      expect(mortal.dead()).toBe(true);
      attempts.push(await attemptsOf("killer"));
      await passTime(bench, "killer");
    }
    expect(attempts).toEqual([0, 0, 3, 4, 5]);
    const survivor = mortalWorker("deadly");
    await survivor.drained();
    expect(survivor.decided).toEqual([]);
    expect(await pendingOf(bench, "killer")).toBe(0);
    const parked = await bench.database.rows(
      "SELECT attempts, reason FROM parked WHERE conv = $1",
      [bench.conversation("killer")],
    );
    expect(parked).toEqual([{ attempts: 6, reason: "the processes that handled it died" }]);
  });

  test("and stands in the middle of a batch: its innocent neighbours are applied, it alone is parked", async () => {
    const texts = ["a", "b", "c", "deadly", "d", "e"];
    for (const text of texts) await bench.post([await bench.say("middle", text)]);
    let deaths = 0;
    while ((await pendingOf(bench, "middle")) > 0) {
      const mortal = mortalWorker("deadly");
      await mortal.drained();
      deaths += mortal.dead() ? 1 : 0;
      expect(deaths).toBeLessThanOrEqual(5);
      await passTime(bench, "middle");
    }
    expect(await logOf(bench, "middle")).toEqual(["a", "b", "c", "d", "e"]);
    expect(
      await bench.database.count("SELECT count(*) FROM parked WHERE conv = $1", [
        bench.conversation("middle"),
      ]),
    ).toBe(1);
  });

  test("takes no other lane along: it is alone in its process once it is suspected", async () => {
    await bench.post([await bench.say("loner", "deadly")]);
    await dropped("loner");
    await dropped("loner");
    const others = ["with-1", "with-2", "with-3"];
    for (const client of others) await bench.post([await bench.say(client, "hello")]);
    await mortalWorker("deadly").drained();
    for (const client of others) {
      expect(await logOf(bench, client)).toEqual(["hello"]);
      expect(
        await bench.redis.raw.exists(`${bench.prefix}lane:${bench.conversation(client)}`),
      ).toBe(0);
    }
    expect(await attemptsOf("loner")).toBe(3);
    await bench.database.rows("DELETE FROM pending");
    await passTime(bench, "loner");
    await bench.worker.drain();
  });

  test("waits for the lanes that other wake-ups of its process have in work", async () => {
    const course: string[] = [];
    const gate = Promise.withResolvers<void>();
    const worker = bench.newWorker({
      store: {
        ...bench.store,
        commit: async (...given) => {
          if (course.length === 0) await gate.promise;
          course.push("commit");
          return bench.store.commit(...given);
        },
        suspect: (lane) => {
          course.push("suspect");
          return bench.store.suspect(lane);
        },
      },
    });
    await bench.post([await bench.say("accused", "hello")]);
    await dropped("accused");
    await dropped("accused");
    expect(await bench.lanes.claim("held.")).toHaveLength(1);
    await bench.post([await bench.say("busy", "hello")]);
    const first = worker.drain();
    await eventually("the first wake-up holds a lane", () => worker.held().length === 1);
    await passTime(bench, "accused");
    const second = worker.drain();
    await eventually("the second one holds the suspect or waits", async () => {
      for (let look = 0; look < 20; look += 1) await bench.redis.raw.ping();
      return true;
    });
    gate.resolve();
    await Promise.all([first, second]);
    expect(course).toEqual(["commit", "suspect", "commit"]);
    expect(await logOf(bench, "accused")).toEqual(["hello"]);
  });

  test("does not keep other suspects from being handled", async () => {
    const clients = ["suspect-1", "suspect-2", "suspect-3"];
    for (const client of clients) await bench.post([await bench.say(client, "hello")]);
    for (let death = 0; death < 2; death += 1) {
      expect(await bench.lanes.claim(`${crypto.randomUUID()}.`)).toHaveLength(3);
      for (const client of clients) await passTime(bench, client);
    }
    await bench.worker.drain();
    for (const client of clients) expect(await logOf(bench, client)).toEqual(["hello"]);
  });
});

describe("an innocent event whose holders were killed", () => {
  test("is not counted by two deaths, and nothing of the suspicion is left when its lane is idle", async () => {
    await bench.post([await bench.say("innocent", "hello")]);
    await dropped("innocent");
    expect((await dropped("innocent")).tries).toBe(1);
    expect(await attemptsOf("innocent")).toBe(0);
    await bench.worker.drain();
    expect(await logOf(bench, "innocent")).toEqual(["hello"]);
    await applied(bench, "innocent", ["221B Baker Street"]);
    expect(await logOf(bench, "innocent")).toEqual(["hello", "221B Baker Street"]);
    expect(
      await bench.redis.raw.exists(`${bench.prefix}lane:${bench.conversation("innocent")}`),
    ).toBe(0);
  });

  test("that fails politely while suspected is counted once, not twice", async () => {
    await bench.post([await bench.say("polite", "explode")]);
    await dropped("polite");
    await dropped("polite");
    await bench.worker.drain();
    expect(await attemptsOf("polite")).toBe(3);
    await untilApplied(bench, "polite");
    expect(
      await bench.database.count("SELECT attempts FROM parked WHERE conv = $1", [
        bench.conversation("polite"),
      ]),
    ).toBe(5);
  });

  test("is waited for as long as it must wait: a suspect's back-off is not a start", async () => {
    await bench.post([await bench.say("patient", "hello")]);
    await dropped("patient");
    await dropped("patient");
    await bench.database.rows(
      "UPDATE pending SET next_at = now() + interval '1 h' WHERE conv = $1",
      [bench.conversation("patient")],
    );
    await bench.worker.drain();
    expect(await attemptsOf("patient")).toBe(0);
    await untilApplied(bench, "patient");
    expect(await logOf(bench, "patient")).toEqual(["hello"]);
  });
});
