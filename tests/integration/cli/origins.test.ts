import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  type FakeTelegram,
  startFakeTelegram,
} from "../../../src/channels/telegram/fake/platform.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { eventually } from "../../support/eventually.ts";
import { environmentFor, freePort, type Hookdesk, startHookdesk } from "../../support/hookdesk.ts";
import { run } from "./operator.ts";

/** An account of Telegram is connected by hand, used, switched off and on, and kept connected by itself. */
const token = "5100042:canary-token-77d1";
const key = (letter: string) => Buffer.alloc(32, letter).toString("base64");
let database: TestDatabase;
let platform: FakeTelegram;
let hookdesk: Hookdesk;
let environment: Record<string, string>;
let said = "";

const hook = async (line: string, changes: Record<string, string> = {}) => {
  const ran = await run({ ...environment, ...changes }, line);
  said += ran.out + ran.note;
  return ran;
};

beforeAll(async () => {
  database = await createTestDatabase();
  platform = await startFakeTelegram({ bots: [{ token }], timeScale: 100 });
  const port = freePort();
  environment = environmentFor(database, `t${crypto.randomUUID().slice(0, 8)}`, {
    PORT: String(port),
    HOOKDESK_URL: `http://127.0.0.1:${port}/`,
    HOOKDESK_SECRET_KEY: key("a"),
  });
  hookdesk = await startHookdesk(environment);
});
afterAll(async () => {
  await platform.stop();
  await hookdesk.stop();
  await database.drop();
});

const replies = () => platform.log.since(0).filter((entry) => entry.kind === "send");
const say = (text: string) => platform.control({ do: "say", chatId: 17, text });
const visibilities = () =>
  database.rows<{ text: string; visibility: string }>(
    "SELECT text, visibility FROM messages WHERE author = 'client' ORDER BY seq",
  );

describe("origins", () => {
  test("add says what the channel needs, and of values only that they are wrong", async () => {
    const nothing = await hook("origins add telegram");
    expect([nothing.code, nothing.note]).toEqual([
      2,
      expect.stringContaining("token is missing (the bot's token"),
    ]);
    const wrong = await hook("origins add telegram token=canary-nonsense colour=red");
    expect(wrong.note).toContain("token does not look right");
    expect(wrong.note).toContain("colour is no field of this channel");
    expect((await hook("origins add pigeon")).note).toContain("there are chat2desk, telegram");
    expect((await hook("origins add telegram token=@no-such-file")).code).toBe(2);
  });

  test("add connects an account: the platform delivers to us at once, and its first customer is answered", async () => {
    const added = await hook(
      `origins add telegram token=${token} --key shop --tenant north --api-url ${platform.url}`,
    );
    expect([added.code, added.note]).toEqual([0, ""]);
    expect(added.out).toContain("/webhook/telegram/shop");
    expect({ ...platform.bot().webhook }).toMatchObject({
      url: expect.stringContaining("/webhook/telegram/shop"),
      secret: expect.stringMatching(/^[\w-]{32}$/),
    });
    await eventually("the new origin is known", async () => (await say("Hello"))?.attempts === 1);
    await platform.waitFor((entry) => entry.kind === "send", 10_000);
    expect(replies()[0]).toMatchObject({ chatId: 17, text: expect.stringContaining("address") });
    expect((await hook(`origins add telegram token=${token} --key shop`)).note).toContain(
      "is taken",
    );
  });

  test("are kept so that nobody who reads the database learns a secret", async () => {
    const [row] = await database.rows<{ credentials: string }>(
      "SELECT credentials FROM origins WHERE origin_key = 'shop'",
    );
    expect(row?.credentials).toStartWith("a256gcm:");
  });

  test("list shows them and how they are, and no secret", async () => {
    const { out } = await hook("origins list");
    expect(out).toMatch(/north\s+telegram\/shop\s+yes\s+30\/1s\s+connected/);
    expect((await hook("origins list --json --tenant north")).out).toContain('"fault": null');
    expect((await hook("origins list --tenant nobody")).out).toBe("There is no such origin.\n");
  });

  test("disable stores what arrives without showing or answering it, enable shows it and answers what comes next", async () => {
    const before = replies().length;
    expect((await hook("origins disable telegram/shop")).code).toBe(0);
    await eventually("it is known to be disabled", async () => {
      await say("while away");
      return (await visibilities()).some(({ visibility }) => visibility === "shadowed");
    });
    const enabled = await hook("origins enable telegram/shop");
    expect(enabled.out).toMatch(/is enabled; [1-9]\d* messages? that came meanwhile/);
    await eventually("everything is shown, also what was decided late", async () =>
      (await visibilities()).every(({ visibility }) => visibility === "visible"),
    );
    await eventually("it is answered again", async () => {
      await say("1 Garden Street");
      return replies().length > before;
    });
  });

  test("check mends a webhook that somebody has moved; the running system does so by itself and says it in /health", async () => {
    await platform.control({ do: "webhook", url: "http://127.0.0.1:9/elsewhere" });
    const checked = await hook("origins check telegram/shop");
    expect([checked.code, checked.out]).toEqual([
      0,
      expect.stringContaining("delivers to another address. It was told ours."),
    ]);
    await platform.control({ do: "webhook", url: "" });
    await database.rows("UPDATE origin_connections SET checked_at = now() - interval '1 h'");
    await eventually("the webhook is there again", () =>
      platform.bot().webhook?.url.endsWith("/shop"),
    );
    await eventually("it is said", async () => {
      const health = await (await fetch(`${hookdesk.url}/health`)).text();
      return (
        health.includes("telegram/shop was mended") && health.includes("has no webhook of this bot")
      );
    });
  });

  test("rotate seals with a new key, and other credentials are a new chance", async () => {
    const turned = { HOOKDESK_SECRET_KEY: `${key("b")},${key("a")}` };
    expect((await hook("origins rotate", turned)).out).toContain("sealed with the current key");
    const lost = await hook("origins list --origin shop");
    expect(lost.note).toContain("encrypted with a key that this process does not have");
    expect((await hook("origins check shop", { HOOKDESK_SECRET_KEY: key("b") })).code).toBe(0);
    const changed = await hook("origins rotate shop webhook-secret=another-secret", turned);
    expect([changed.code, changed.out]).toEqual([0, expect.stringContaining("It is connected")]);
    expect((await hook("origins rotate shop token=nonsense", turned)).code).toBe(1);
    await eventually("the running system says that it cannot read it", async () =>
      (await (await fetch(`${hookdesk.url}/health`)).text()).includes(
        "telegram/shop cannot be used",
      ),
    );
    const refused = await fetch(`${hookdesk.url}/webhook/telegram/shop`, {
      method: "POST",
      body: "{}",
    });
    expect(refused.status).toBe(503);
  });

  test("never print a secret, whatever is asked", () => {
    expect(said).not.toContain("canary-token");
    expect(said).not.toContain("another-secret");
    expect(said).not.toContain("canary-nonsense");
  });
});
