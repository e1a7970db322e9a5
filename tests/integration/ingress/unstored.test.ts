import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { eventually } from "../../support/eventually.ts";
import { environmentFor, type Hookdesk, startHookdesk } from "../../support/hookdesk.ts";
import { healthOf } from "../../support/process.ts";
import { signatureOf } from "../../support/signed-webhook.ts";
import { openWire, type Wire } from "../../support/wire.ts";

/** A webhook that cannot be stored is never acknowledged, and nobody waits long to hear it. */
const answerMsMax = 1_000;
/** What the machine may add when other tests run beside this one, ms. */
const slackMs = 300;
const encoder = new TextEncoder();
let database: TestDatabase;
let wire: Wire;
let hookdesk: Hookdesk;
let hooks = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  const url = new URL(database.url);
  wire = await openWire(Number(url.port));
  url.port = `${wire.port}`;
  const prefix = `t${crypto.randomUUID().slice(0, 8)}`;
  const nowhere = { CHAT2DESK_API_URL: "http://127.0.0.1:9" };
  hookdesk = await startHookdesk(environmentFor({ url: url.href }, prefix, nowhere));
});

beforeEach(async () => {
  await wire.pass();
  await eventually("webhooks are stored", async () => (await post()).status === 200);
  await eventually("/health knows", async () => (await healthOf(hookdesk))?.status !== "down");
});

afterAll(async () => {
  await wire.pass();
  await hookdesk.stop();
  await wire.close();
  await database.drop();
});

/** Posts a hook that is kept and not applied; resolves with the answer and how long it took. */
async function post() {
  hooks += 1;
  const body = encoder.encode(JSON.stringify({ hook_type: "strange", number: hooks }));
  const begun = performance.now();
  const response = await fetch(`${hookdesk.url}/webhook/chat2desk`, {
    method: "POST",
    body,
    headers: signatureOf(body),
  });
  const text = await response.text();
  const tookMs = performance.now() - begun;
  return { status: response.status, retryAfter: response.headers.get("retry-after"), text, tookMs };
}

const disturbances: readonly (readonly [string, () => Promise<void>])[] = [
  ["is away", () => wire.refuse()],
  ["hangs", () => wire.hang()],
];

describe("while PostgreSQL cannot store", () => {
  test.each(disturbances)(
    "it %s: every webhook gets 503 and Retry-After within a second, a crowd of them too",
    async (_name, disturb) => {
      await disturb();
      const answers = await Promise.all(Array.from({ length: 200 }, post));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
      expect(new Set(answers.map(({ retryAfter }) => retryAfter))).toEqual(new Set(["1"]));
      expect(answers[0]?.text).toContain('"not_stored"');
      const slowest = Math.max(...answers.map(({ tookMs }) => tookMs));
      expect(slowest).toBeLessThan(answerMsMax + slackMs);
    },
  );

  test.each(disturbances)(
    "it %s: /health says down within seconds, and that the process lives",
    async (_name, disturb) => {
      await disturb();
      const begun = performance.now();
      const health = await eventually("/health says down", async () => {
        const seen = await healthOf(hookdesk);
        return seen?.status === "down" ? seen : null;
      });
      expect(performance.now() - begun).toBeLessThan(6_000);
      expect(health.checks["postgres"]?.message).toContain("webhooks are refused with 503");
      expect((await fetch(`${hookdesk.url}/health`)).status).toBe(503);
      expect((await fetch(`${hookdesk.url}/health/live`)).status).toBe(200);
    },
  );

  test.each(disturbances)(
    "it %s for a while: the first webhook after it is stored again",
    async (_name, disturb) => {
      await disturb();
      expect((await post()).status).toBe(503);
      await wire.pass();
      await eventually("webhooks are stored", async () => (await post()).status === 200, 3_000);
    },
  );

  test("a signature is judged all the same: a stranger is told 401, not 503", async () => {
    await wire.refuse();
    const answer = await fetch(`${hookdesk.url}/webhook/chat2desk`, { method: "POST", body: "{}" });
    expect(answer.status).toBe(401);
  });
});
