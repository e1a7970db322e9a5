import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { SendOutcome } from "../../../src/channels/channel.ts";
import { attemptEnded, type Marked } from "../../../src/outbox/ends.ts";
import { createLedger, type Ledger } from "../../../src/outbox/ledger.ts";
import type { Grant } from "../../../src/outbox/limiter.ts";
import { afterAttempt } from "../../../src/outbox/policy.ts";
import type { Finished } from "../../../src/outbox/store.ts";
import { createLogger } from "../../../src/platform/telemetry/logger.ts";
import type { Origin } from "../../../src/tenants/origins.ts";
import { type OutboxBench, openOutboxBench } from "../../support/outbox.ts";

/** Marks and ends of many deliveries share statements; they do not share their faults. */
let bench: OutboxBench;
let origin: Origin;
let ledger: Ledger;
let clients = 0;

beforeAll(async () => {
  bench = await openOutboxBench();
  origin = await bench.addOrigin();
  ledger = createLedger(bench.store, createLogger("silent", "test"));
});
afterAll(() => bench.close());

async function newGrant(): Promise<Grant> {
  clients += 1;
  const conversation = await bench.put(origin, `client-${clients}`);
  const { tenant, id } = origin;
  return {
    conversation,
    tenant,
    origin: id,
    token: `l${clients}`,
    announced: 1,
    at: 0,
    scopes: [],
  };
}

async function marked(grant: Grant): Promise<Marked> {
  const answer = await ledger.mark(grant);
  if (answer?.verdict !== "marked") throw new Error("not marked");
  return answer;
}

function sentEnd(grant: Grant, mark: Marked): Finished {
  const outcome: SendOutcome = { type: "sent", messageId: null, status: 200 };
  const context = { failures: 0, policy: "resend", leftMs: 1, jitter: 0 } as const;
  return attemptEnded(grant, mark, { outcome, after: afterAttempt(outcome, context) });
}

const sentCount = () =>
  bench.database.count("SELECT count(*) FROM attempts WHERE outcome = 'sent'");

describe("the ledger", () => {
  test("a row that PostgreSQL refuses is refused alone and at once; its neighbours are recorded and marked", async () => {
    const before = await sentCount();
    const grants = [await newGrant(), await newGrant(), await newGrant()];
    const marks = await Promise.all(grants.map(marked));
    const ends = grants.map((grant, n) => sentEnd(grant, marks[n] ?? never()));
    const next = await newGrant();
    const results = await Promise.allSettled([
      ...ends.map((end, n) => ledger.record(n === 1 ? { ...end, oc: "nonsense" } : end)),
      marked(next),
    ]);
    expect(results.map((result) => result.status)).toEqual([
      "fulfilled",
      "rejected",
      "fulfilled",
      "fulfilled",
    ]);
    expect((await sentCount()) - before).toBe(2);
  });

  test("a grant that PostgreSQL refuses is answered with `nobody knows`, its neighbour is marked", async () => {
    const bad = { ...(await newGrant()), token: "a token with \0" };
    const good = await newGrant();
    const [refused, answer] = await Promise.all([ledger.mark(bad), ledger.mark(good)]);
    expect(refused).toBeNull();
    expect(answer?.verdict).toBe("marked");
  });

  test("a thousand marks and ends at once lose none", async () => {
    const before = await sentCount();
    const grants: Grant[] = [];
    for (let n = 0; n < 500; n += 1) grants.push(await newGrant());
    await Promise.all(
      grants.map(async (grant) => ledger.record(sentEnd(grant, await marked(grant)))),
    );
    expect((await sentCount()) - before).toBe(500);
  });
});

function never(): never {
  throw new Error("there is none");
}
