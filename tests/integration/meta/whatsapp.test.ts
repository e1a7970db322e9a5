import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Account } from "../../../src/channels/account.ts";
import { isSupported } from "../../../src/channels/capability.ts";
import { type FakeMeta, startFakeMeta } from "../../../src/channels/meta/fake/platform.ts";
import type { SendEntry } from "../../../src/channels/meta/fake/platform-log.ts";
import { createWhatsApp } from "../../../src/channels/meta/whatsapp/whatsapp.ts";
import type { Button } from "../../../src/message/message.ts";
import { type OutgoingContent, plainText } from "../../../src/message/outgoing.ts";
import { createHttpClient } from "../../../src/platform/http/client.ts";
import {
  metaSecrets,
  whatsAppAccount,
  whatsAppBusiness,
  whatsAppNumber,
} from "../../support/meta-accounts.ts";

/** What the adapter sends, in the reading of a platform that shares no code with it. */
const channel = createWhatsApp({ http: createHttpClient(), sendTimeoutMs: 500 });
const clientId = "16505551234";

let platform: FakeMeta;
let account: Account;

beforeEach(async () => {
  platform = await startFakeMeta({
    accounts: [
      {
        product: "whatsapp",
        id: whatsAppNumber,
        businessId: whatsAppBusiness,
        token: metaSecrets.token,
        appSecret: metaSecrets["app-secret"],
        webhookUrl: "http://127.0.0.1:9/nobody",
        pairLimit: { count: 3, windowMs: 60_000 },
      },
    ],
    retryScheduleMs: [],
  });
  account = { ...whatsAppAccount, apiUrl: platform.url };
});
afterEach(() => platform.stop());

function send(content: OutgoingContent, address = `["phone","${clientId}"]`) {
  return channel.send({ id: "d-1", address, content, author: "bot" }, account);
}

function taken(): SendEntry {
  const last = platform.log.since(0).findLast((entry) => entry.kind === "send");
  if (last?.kind !== "send") throw new Error("nothing was taken");
  return last;
}

const body = (): Record<string, unknown> => JSON.parse(taken().body);
const replies = (count: number, title = "Title"): Button[] =>
  Array.from({ length: count }, (_, index) => ({ title: `${title} ${index}`, data: `b${index}` }));

describe("a message", () => {
  test("carries our delivery's id, so that its statuses name it", async () => {
    await send(plainText("Hi"));
    expect(body()).toEqual({
      messaging_product: "whatsapp",
      recipient_type: "individual",
      to: clientId,
      type: "text",
      text: { body: "Hi", preview_url: false },
      biz_opaque_callback_data: "d-1",
    });
  });

  test("goes to people without a number and to groups", async () => {
    await send(plainText("Hi"), '["user","US.1349"]');
    expect(body()).toMatchObject({ recipient_type: "individual", recipient: "US.1349" });
    expect(body()).not.toHaveProperty("to");
    await send(plainText("Hi"), '["group","G1"]');
    expect(body()).toMatchObject({ recipient_type: "group", to: "G1" });
  });

  test("to an address that is none is refused without a call", async () => {
    for (const address of ["", "17", "[]", '["phone"]', '["pager","1"]', '{"phone":"1"}'])
      expect(await send(plainText("Hi"), address)).toMatchObject({
        type: "rejected",
        detail: "address_unreadable",
      });
    expect(platform.arrivals("account-1")).toEqual([]);
  });

  test("shows up to three buttons as buttons, up to ten as a list, and one link as a link", async () => {
    const shape = async (buttons: Button[], text = "Choose") => {
      await send({ ...plainText(text), buttons: [buttons] }, `["user","US.${buttons.length}"]`);
      return [body()["type"], (body()["interactive"] as { type?: string } | undefined)?.type];
    };
    expect(await shape(replies(3))).toEqual(["interactive", "button"]);
    expect(await shape(replies(4))).toEqual(["interactive", "list"]);
    expect(await shape(replies(10))).toEqual(["interactive", "list"]);
    const link = { title: "There", url: "https://a.example/" };
    expect(await shape([link])).toEqual(["interactive", "cta_url"]);
  });

  test("says its buttons in lines when WhatsApp cannot show them", async () => {
    const link = { title: "There", url: "https://a.example/" };
    const cases: readonly (readonly [Button[], string, string])[] = [
      [[...replies(1), link], "Choose", "Choose\n- Title 0\nThere: https://a.example/"],
      [replies(1, "A title that is much too long"), "Go", "Go\n- A title that is much too long 0"],
      [replies(1), "x".repeat(1_025), `${"x".repeat(1_025)}\n- Title 0`],
    ];
    for (const [buttons, text, expected] of cases) {
      expect(await send({ ...plainText(text), buttons: [buttons] })).toMatchObject({
        type: "sent",
      });
      expect(taken()).toMatchObject({ says: "text", text: expected, buttons: [] });
    }
  });

  test("may be a file that WhatsApp already has, by its id", async () => {
    const file = { name: null, caption: "" };
    await send({ type: "image", url: "2621233374848975", ...file });
    expect(body()["image"]).toEqual({ id: "2621233374848975" });
    await send({ type: "image", url: "https://a.example/1.jpg", ...file });
    expect(body()["image"]).toEqual({ link: "https://a.example/1.jpg" });
  });

  test("with words that its kind cannot carry is refused instead of losing them", async () => {
    for (const type of ["audio", "voice", "sticker"] as const)
      expect(
        await send({ type, url: "https://a.example/1", name: null, caption: "words" }),
      ).toEqual({
        type: "rejected",
        status: 0,
        reason: "content",
        detail: `no_caption_on_${type}`,
      });
  });
});

describe("the platform's limits", () => {
  test("on one customer hold that customer alone, under the key of the origin's own scope", async () => {
    for (const n of [1, 2, 3]) expect((await send(plainText(`${n}`))).type).toBe("sent");
    const [scope] = channel.limits.scopes(clientId);
    expect(await send(plainText("4"))).toEqual({
      type: "throttled",
      status: 400,
      retryAfterMs: 6_000,
      scope: { key: scope?.key ?? "", unsure: false },
    });
    expect((await send(plainText("1"), '["user","US.2"]')).type).toBe("sent");
  });

  test("have scopes whose keys hold no sign that the limiter needs", () => {
    for (const identity of [clientId, "US.134", "group:G1", "a b:c,d;e/f", "Ж"]) {
      const keys = channel.limits.scopes(identity).map(({ key }) => key);
      expect(keys).toEqual([expect.stringMatching(/^[^\s:,;]+$/)]);
    }
  });
});

test("a message after the reply window fails by a status that names the window; a template does not", async () => {
  const outcome = await send(plainText("too late"));
  const template = { type: "template", name: "hello", language: "en_US", values: ["Ann"] } as const;
  expect(outcome.type).toBe("sent");
  expect((await send(template)).type).toBe("sent");
  await platform.idle();
  const posted = platform.log
    .since(0)
    .flatMap((entry) => (entry.kind === "webhook" ? [entry.messageId] : []));
  const late = outcome.type === "sent" ? outcome.messageId : null;
  expect(posted.filter((id) => id === late)).toHaveLength(1);
  expect(posted.filter((id) => id === taken().messageId)).toHaveLength(2);
});

describe("media", () => {
  const { media } = channel;
  if (!isSupported(media)) throw new Error("WhatsApp has media");

  test("that is not there is gone, and a broken reference is not asked for", async () => {
    expect(await media.locate("99", account)).toEqual({ type: "gone", detail: "graph_100_33" });
    expect(await media.locate("../messages", account)).toEqual({
      type: "gone",
      detail: "no_media_id",
    });
  });

  test("that cannot be asked for now is tried again", async () => {
    const nobody = { ...account, apiUrl: "http://127.0.0.1:9" };
    expect(await media.locate("99", nobody)).toMatchObject({ type: "failed" });
  });
});

describe("registration", () => {
  const { registration } = channel;
  if (!isSupported(registration)) throw new Error("WhatsApp can be registered");

  test("fails in words when the platform cannot reach our address", async () => {
    const connection = await registration.connect(account, "http://127.0.0.1:9/webhook");
    expect(connection).toEqual({
      state: "failing",
      notes: ["setting the number's callback address: refused with graph_2200"],
    });
  });

  test("says no secret in its notes", async () => {
    const wrong = { ...account, credentials: { ...account.credentials, token: "canary-wrong" } };
    const connection = await registration.check(wrong, "http://127.0.0.1:9/webhook");
    expect(connection.state).toBe("refused");
    expect(JSON.stringify(connection)).not.toContain("canary");
  });
});
