import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { FreshEvent } from "../../../src/journal/journal.ts";
import { eventually } from "../../support/eventually.ts";
import { explosive, openWorkbench, unstorable, type Workbench } from "../../support/workbench.ts";
import { applied, logOf, passTime, pendingOf, untilApplied, versionOf } from "./scene.ts";

let bench: Workbench;
beforeAll(async () => {
  bench = await openWorkbench();
});
afterAll(() => bench.close());

type First = { readonly attempts: number; readonly wait_s: number; readonly reason: string };

async function firstPending(client: string): Promise<First | undefined> {
  const [first] = await bench.database.rows<First>(
    "SELECT attempts, extract(epoch FROM next_at - now())::float AS wait_s, reason FROM pending WHERE conv = $1 ORDER BY id LIMIT 1",
    [bench.conversation(client)],
  );
  return first;
}

async function parkedOf(client: string) {
  return bench.database.rows<{ attempts: number; reason: string; body: string }>(
    "SELECT attempts, reason, convert_from(raw, 'UTF8') AS body FROM parked WHERE conv = $1",
    [bench.conversation(client)],
  );
}

const failures = [
  {
    what: "an event that makes the decision throw",
    client: "throws",
    text: explosive,
    reason: "Error: the dialog cannot bear this",
  },
  {
    what: "an event whose rows PostgreSQL refuses",
    client: "refused",
    text: unstorable,
    reason: "error 22P05",
  },
];

for (const { what, client, text, reason } of failures) {
  describe(what, () => {
    test("is tried again after 1, 2, 4 and 8 s and then parked with its reason and its bytes", async () => {
      await applied(bench, client, ["hello"]);
      await bench.post([await bench.say(client, text)]);
      for (const [index, seconds] of [1, 2, 4, 8].entries()) {
        await bench.worker.drain();
        const first = await firstPending(client);
        expect(first).toMatchObject({ attempts: index + 1, reason });
        expect(first?.wait_s).toBeWithin(seconds - 1, seconds + 0.001);
        await passTime(bench, client);
      }
      await bench.worker.drain();
      expect(await pendingOf(bench, client)).toBe(0);
      const [parked, ...others] = await parkedOf(client);
      expect(others).toEqual([]);
      expect(parked).toMatchObject({ attempts: 5, reason });
      expect(parked?.body).toContain(text);
    });

    test("is not tried before its time, although its lane is woken", async () => {
      const early = `${client}-early`;
      await bench.post([await bench.say(early, text)]);
      await bench.worker.drain();
      await bench.redis.raw.zadd(`${bench.prefix}due`, "XX", 1, bench.conversation(early));
      await bench.lanes.reap();
      await bench.worker.drain();
      expect((await firstPending(early))?.attempts).toBe(1);
    });

    test("leaves a visible gap, and the later events of its conversation go on", async () => {
      const later = `${client}-later`;
      await applied(bench, later, ["hello"]);
      for (const said of [text, "221B Baker Street", "+14155552671"])
        await bench.post([await bench.say(later, said)]);
      await untilApplied(bench, later);
      expect(await logOf(bench, later)).toEqual(["hello", "221B Baker Street", "+14155552671"]);
      const rows = await bench.database.rows<{ kind: string; author: string; event_id: string }>(
        "SELECT kind, author, event_id FROM messages WHERE conv = $1 AND author <> 'bot' ORDER BY seq",
        [bench.conversation(later)],
      );
      expect(rows.map(({ kind, author }) => `${author} ${kind}`)).toEqual([
        "client message",
        "platform gap",
        "client message",
        "client message",
      ]);
      const [state] = await bench.database.rows<{ state: { run: { state: string } } }>(
        "SELECT state FROM conversations WHERE conv = $1",
        [bench.conversation(later)],
      );
      expect(state?.state.run.state).toBe("WAITING_QUANTITY");
    });

    test("as the very first of a conversation is parked, too, and the next one finds a new conversation", async () => {
      const newcomer = `${client}-newcomer`;
      for (const said of [text, "hello"]) await bench.post([await bench.say(newcomer, said)]);
      await untilApplied(bench, newcomer);
      expect(await logOf(bench, newcomer)).toEqual(["hello"]);
      const [row] = await bench.database.rows(
        "SELECT identity, origin_id FROM conversations WHERE conv = $1",
        [bench.conversation(newcomer)],
      );
      expect(row).toEqual({ identity: newcomer, origin_id: bench.origin.id });
    });

    test("fails alone: the neighbours of its group are committed at once", async () => {
      const neighbours = Array.from({ length: 10 }, (_, i) => `${client}-neighbour-${i}`);
      for (const one of neighbours) await applied(bench, one, ["hello"]);
      const events: FreshEvent[] = [];
      for (const one of [...neighbours.slice(0, 5), `${client}-bad`, ...neighbours.slice(5)])
        events.push(await bench.say(one, one.endsWith("bad") ? text : "221B Baker Street"));
      await bench.post(events);
      await bench.worker.drain();
      for (const one of neighbours)
        expect(await logOf(bench, one)).toEqual(["hello", "221B Baker Street"]);
      expect((await firstPending(`${client}-bad`))?.attempts).toBe(1);
      expect(
        await bench.database.count("SELECT count(*) FROM parked WHERE conv = ANY ($1)", [
          neighbours.map(bench.conversation),
        ]),
      ).toBe(0);
    });
  });
}

describe("a bad event behind good ones of the same batch", () => {
  test("costs the good ones no attempt: they are applied, and only the bad one is counted", async () => {
    await applied(bench, "behind", ["hello"]);
    const texts = ["a", "b", "c", unstorable, "d", "e"];
    await bench.post(await Promise.all(texts.map((text) => bench.say("behind", text))));
    await eventually("the good ones before it are applied", async () => {
      await bench.worker.drain();
      return (await logOf(bench, "behind")).length === 4;
    });
    await bench.worker.drain();
    expect(await firstPending("behind")).toMatchObject({ attempts: 1 });
    expect(
      await bench.database.count(
        "SELECT max(attempts) FROM pending WHERE conv = $1 AND attempts = 0",
        [bench.conversation("behind")],
      ),
    ).toBe(0);
    await untilApplied(bench, "behind");
    expect(await logOf(bench, "behind")).toEqual(["hello", "a", "b", "c", "d", "e"]);
    expect(await parkedOf("behind")).toHaveLength(1);
  });
});

describe("what is not an event's fault", () => {
  test("a damaged copy in Redis counts against nobody: PostgreSQL is asked", async () => {
    await applied(bench, "damaged", ["hello"]);
    const event = await bench.say("damaged", "221B Baker Street");
    await bench.post([event]);
    const key = `${bench.prefix}state:${bench.conversation("damaged")}`;
    const [version, ...state] = ((await bench.redis.raw.get(key)) ?? "").split("|");
    const damaged = { ...JSON.parse(state.join("|")), run: null };
    await bench.redis.raw.set(key, `${version}|${JSON.stringify(damaged)}`);
    await bench.worker.drain();
    expect(await logOf(bench, "damaged")).toEqual(["hello", "221B Baker Street"]);
    expect(
      await bench.database.count("SELECT count(*) FROM outbox WHERE conv = $1", [
        bench.conversation("damaged"),
      ]),
    ).toBe(2);
  });

  test("an outage of PostgreSQL counts against nobody", async () => {
    await applied(bench, "outage", ["hello"]);
    await bench.post([await bench.say("outage", "221B Baker Street")]);
    const away = bench.newWorker({
      store: {
        ...bench.store,
        commit: () => Promise.reject(new Error("Connection terminated unexpectedly")),
      },
    });
    for (let times = 0; times < 8; times += 1) {
      await away.drain();
      await passTime(bench, "outage");
    }
    expect((await firstPending("outage"))?.attempts).toBe(0);
    await untilApplied(bench, "outage");
    expect(await logOf(bench, "outage")).toEqual(["hello", "221B Baker Street"]);
  });

  test("an origin that has not been read yet is waited for", async () => {
    await bench.post([await bench.say("early-origin", "hello")]);
    const blind = bench.newWorker({ origins: { ...bench.origins, byId: () => undefined } });
    await blind.drain();
    expect((await firstPending("early-origin"))?.attempts).toBe(0);
    await untilApplied(bench, "early-origin");
    expect(await logOf(bench, "early-origin")).toEqual(["hello"]);
  });
});

describe("a stored state of a version that this Hookdesk does not know", () => {
  test("parks the event instead of guessing", async () => {
    await applied(bench, "future", ["hello"]);
    await bench.database.rows(
      "UPDATE conversations SET state = '{\"v\": 2}', version = version + 1 WHERE conv = $1",
      [bench.conversation("future")],
    );
    await bench.post([await bench.say("future", "221B Baker Street")]);
    await untilApplied(bench, "future");
    expect(await parkedOf("future")).toHaveLength(1);
    expect(await versionOf(bench, "future")).toBe(3);
  });

  test("puts its deadline off instead of looking at it for ever", async () => {
    await applied(bench, "future-timer", ["hello"]);
    const conversation = bench.conversation("future-timer");
    await bench.database.rows(
      "UPDATE conversations SET state = '{\"v\": 2}', version = version + 1 WHERE conv = $1",
      [conversation],
    );
    await bench.database.rows("UPDATE timers SET due_at = now() WHERE conv = $1", [conversation]);
    await bench.lanes.wake([{ tenant: bench.origin.tenant, conversation }]);
    await bench.worker.drain();
    expect(
      await bench.database.count(
        "SELECT extract(epoch FROM due_at - now()) FROM timers WHERE conv = $1",
        [conversation],
      ),
    ).toBeGreaterThan(50);
    expect(await bench.redis.raw.exists(`${bench.prefix}lane:${conversation}`)).toBe(0);
  });
});

describe("a poisonous event in a conversation with something due", () => {
  test("is counted and parked all the same", async () => {
    await applied(bench, "due", ["hello"]);
    await bench.database.rows("UPDATE timers SET due_at = now() WHERE conv = $1", [
      bench.conversation("due"),
    ]);
    await bench.post([await bench.say("due", explosive)]);
    await bench.redis.raw.del(`${bench.prefix}state:${bench.conversation("due")}`);
    await bench.worker.drain();
    expect(await firstPending("due")).toMatchObject({ attempts: 1 });
    await untilApplied(bench, "due");
    expect(await parkedOf("due")).toHaveLength(1);
  });
});
