import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { eventually } from "../../support/eventually.ts";
import { openStage, type Stage } from "../../support/hookdesk.ts";
import { inboxHook, signatureOf } from "../../support/signed-webhook.ts";
import { addOrigin, addTenant } from "../../support/tenants.ts";

/** What is answered 200: everything that is well signed and JSON, whether or not it is understood. */
const encoder = new TextEncoder();
let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
});
afterAll(async () => stage.close());

function post(
  text: string | Uint8Array,
  more: {
    readonly path?: string;
    readonly headers?: Record<string, string>;
    readonly token?: string;
  } = {},
): Promise<Response> {
  const body = typeof text === "string" ? encoder.encode(text) : text;
  return fetch(`${stage.hookdesk.url}${more.path ?? "/webhook/chat2desk"}`, {
    method: "POST",
    body,
    headers: { ...signatureOf(body, more.token), ...more.headers },
  });
}

type Kept = { readonly id: string; readonly kind: string; readonly ignored: string | null };

/** What the journal keeps of exactly these bytes; answers to earlier hooks come back as echoes at any time. */
async function keptOf(body: string | Uint8Array): Promise<Kept | undefined> {
  const rows = await stage.database.rows<Kept>(
    "SELECT id, kind, ignored FROM journal WHERE raw = $1",
    [Buffer.from(body)],
  );
  return rows[0];
}

describe("what is accepted", () => {
  test.each([
    ["none", {}],
    ["application/json", { "Content-Type": "application/json" }],
    ["with a charset", { "Content-Type": "Application/JSON; charset=utf-8" }],
    ["of a vendor", { "Content-Type": "application/vnd.chat2desk+json" }],
    [
      "with encoding identity",
      { "Content-Type": "application/json", "Content-Encoding": "identity" },
    ],
  ])("a content type of JSON or none is accepted: %s", async (name, headers) => {
    const answer = await post(inboxHook(100 + name.length), { headers });
    expect(answer.status).toBe(200);
  });

  test("a byte order mark before the JSON is no fault, and the journal keeps the bytes as they came", async () => {
    const body = new Uint8Array([0xef, 0xbb, 0xbf, ...encoder.encode(inboxHook(201))]);
    expect((await post(body)).status).toBe(200);
    const kept = await keptOf(body);
    expect(kept?.kind).toBe("client_message");
    expect(kept?.ignored).toBeNull();
  });

  test("a body nested exactly as deep as allowed is accepted", async () => {
    const deep = `{"hook_type":"strange","event_time":"2026-11-21T04:00:00Z","a":${"[".repeat(63)}${"]".repeat(63)}}`;
    expect((await post(deep)).status).toBe(200);
  });

  test.each([
    ["of an unknown kind", { hook_type: "something_new" }],
    ["without a kind", { message_id: 5 }],
    ["without its client", { hook_type: "inbox", message_id: 6, type: "from_client", text: "Hi" }],
    [
      "with a client of the wrong type",
      { hook_type: "inbox", message_id: 7, type: "from_client", client_id: [1] },
    ],
  ])(
    "a well signed hook %s is 200, kept, and visible as ignored with a reason",
    async (name, fields) => {
      const hook = JSON.stringify({ ...fields, name });
      const answer = await post(hook);
      expect(answer.status).toBe(200);
      const kept = await keptOf(hook);
      expect(kept?.kind).toBe("ignored");
      expect(kept?.ignored?.length ?? 0).toBeGreaterThan(3);
      const metrics = await (await fetch(`${stage.hookdesk.url}/metrics`)).text();
      expect(metrics).toContain(`reason="${kept?.ignored}"`);
      expect(
        await stage.database.count("SELECT count(*) FROM pending WHERE id = $1", [kept?.id]),
      ).toBe(0);
    },
  );

  test("a copy is 200 and changes nothing, at once or later", async () => {
    const hook = inboxHook(301);
    const answers = await Promise.all([post(hook), post(hook), post(hook)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((await post(hook)).status).toBe(200);
    const kept = "SELECT count(*) FROM journal WHERE raw = convert_to($1, 'UTF8')";
    expect(await stage.database.count(kept, [hook])).toBe(1);
  });

  test("two origins of one channel are told apart by their keys, and each takes only its own signature", async () => {
    const tenant = await addTenant(stage.database, "second");
    const settings = {
      tenant,
      key: "second-key",
      token: "token-of-the-second",
      apiUrl: stage.platform.url,
    };
    const origin = await addOrigin(stage.database, settings);
    const path = `/webhook/chat2desk/${origin.key}`;
    await eventually("the origin is known", async () => {
      const answer = await post(inboxHook(401), { path, token: settings.token });
      return answer.status === 200;
    });
    expect((await post(inboxHook(402), { path })).status).toBe(401);
    expect((await post(inboxHook(403), { token: settings.token })).status).toBe(401);
    expect((await post(inboxHook(401))).status).toBe(200);
    const both = "SELECT count(DISTINCT origin_id) FROM journal WHERE raw = convert_to($1, 'UTF8')";
    expect(await stage.database.count(both, [inboxHook(401)])).toBe(2);
  });

  test("the default origin may also be addressed by its key", async () => {
    const answer = await post(inboxHook(501), { path: "/webhook/chat2desk/default" });
    expect(answer.status).toBe(200);
  });
});
