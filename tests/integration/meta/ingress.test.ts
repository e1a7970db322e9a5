import { afterAll, beforeAll, expect, test } from "bun:test";
import { signWebhook } from "../../../src/channels/meta/fake/signature.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { environmentFor, type Hookdesk, startHookdesk } from "../../support/hookdesk.ts";
import {
  messengerAccount,
  metaSecrets,
  pageId,
  whatsAppAccount,
} from "../../support/meta-accounts.ts";
import { addTenant, sealedPlainly } from "../../support/tenants.ts";

/** The way in of a running Hookdesk, with one origin of WhatsApp and one of Messenger under different secrets. */
const messengerSecret = "another-secret";

let database: TestDatabase;
let hookdesk: Hookdesk;

beforeAll(async () => {
  database = await createTestDatabase();
  const tenant = await addTenant(database, "shop");
  const origins = {
    whatsapp: whatsAppAccount.credentials,
    messenger: { ...messengerAccount.credentials, "app-secret": messengerSecret },
  };
  for (const [channel, credentials] of Object.entries(origins))
    await database.rows(
      `INSERT INTO origins (tenant_id, channel, origin_key, api_url, credentials, rate_count, rate_window_ms)
       VALUES ($1, $2, 'shop', 'http://127.0.0.1:9', $3, 80, 1000)`,
      [tenant, channel, sealedPlainly(credentials)],
    );
  hookdesk = await startHookdesk(
    environmentFor(database, `t${crypto.randomUUID().slice(0, 8)}`),
    "web",
  );
}, 30_000);
afterAll(async () => {
  await hookdesk.stop();
  await database.drop();
});

const item = (mid: string) => ({
  sender: { id: "2525667430804912" },
  recipient: { id: pageId },
  timestamp: 1_749_416_383_970,
  message: { mid, text: "Hi" },
});
const webhook = (...mids: string[]) =>
  JSON.stringify({ object: "page", entry: [{ id: pageId, messaging: mids.map(item) }] });

async function post(body: string, secret = messengerSecret): Promise<number> {
  const answer = await fetch(`${hookdesk.url}/webhook/messenger/shop`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-hub-signature-256": signWebhook(body, secret),
    },
    body,
  });
  return answer.status;
}

const stored = () => database.count("SELECT count(*) FROM journal");

test("Meta's question is answered with its challenge, and another's with 403", async () => {
  const ask = async (token: string) => {
    const question = new URLSearchParams({
      "hub.mode": "subscribe",
      "hub.challenge": "1158201444",
      "hub.verify_token": token,
    });
    const answer = await fetch(`${hookdesk.url}/webhook/whatsapp/shop?${question}`);
    return [answer.status, await answer.text()];
  };
  expect(await ask(metaSecrets["verify-token"])).toEqual([200, "1158201444"]);
  expect(await ask("another")).toEqual([403, expect.stringContaining("handshake_refused")]);
});

test("a webhook signed with another app's secret, or not at all, leaves no row", async () => {
  const body = webhook("m_1");
  expect(await post(body, metaSecrets["app-secret"])).toBe(401);
  const unsigned = await fetch(`${hookdesk.url}/webhook/messenger/shop`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  expect(unsigned.status).toBe(401);
  expect(await stored()).toBe(0);
});

test("a batch is one row for each message, and a redelivery that is cut anew adds only what is new", async () => {
  expect(await post(webhook("m_1", "m_2"))).toBe(200);
  expect(await stored()).toBe(2);
  expect(await post(webhook("m_1", "m_2"))).toBe(200);
  expect(await post(webhook("m_3", "m_2"))).toBe(200);
  expect(await stored()).toBe(3);
});
