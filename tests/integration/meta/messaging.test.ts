import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { isSupported } from "../../../src/channels/capability.ts";
import { type FakeMeta, startFakeMeta } from "../../../src/channels/meta/fake/platform.ts";
import type { SendEntry } from "../../../src/channels/meta/fake/platform-log.ts";
import { createInstagram } from "../../../src/channels/meta/instagram/instagram.ts";
import { createMessenger } from "../../../src/channels/meta/messenger/messenger.ts";
import type { Button } from "../../../src/message/message.ts";
import { type OutgoingContent, plainText } from "../../../src/message/outgoing.ts";
import { createHttpClient } from "../../../src/platform/http/client.ts";
import {
  appId,
  instagramAccount,
  instagramId,
  messengerAccount,
  metaSecrets,
  pageId,
} from "../../support/meta-accounts.ts";

/** What the adapters of Messenger and Instagram send, in the reading of a platform that shares no code with them. */
const http = createHttpClient();
const messenger = createMessenger({ http, sendTimeoutMs: 500 });
const instagram = createInstagram({ http, sendTimeoutMs: 500 });
const psid = "2525667430804912";

let platform: FakeMeta;

beforeEach(async () => {
  const common = {
    appSecret: metaSecrets["app-secret"],
    webhookUrl: "http://127.0.0.1:9/nobody",
  };
  platform = await startFakeMeta({
    accounts: [
      {
        ...common,
        name: "page",
        product: "messenger",
        id: pageId,
        appId,
        token: metaSecrets.token,
      },
      { ...common, name: "ig", product: "instagram", id: instagramId, token: "ig-token" },
    ],
    retryScheduleMs: [],
  });
  for (const account of ["page", "ig"]) await platform.say({ account, clientId: psid, text: "Hi" });
});
afterEach(() => platform.stop());

type How = { readonly author?: "bot" | "operator"; readonly humanAgent?: string };

function send(content: OutgoingContent, { author = "bot", humanAgent = "no" }: How = {}) {
  const credentials = { ...messengerAccount.credentials, "human-agent": humanAgent };
  const account = { apiUrl: platform.url, credentials };
  return messenger.send({ id: "d-1", address: psid, content, author }, account);
}

const instagramOrigin = () => ({
  apiUrl: platform.url,
  credentials: { ...instagramAccount.credentials, token: "ig-token" },
});

function sendToInstagram(content: OutgoingContent) {
  return instagram.send({ id: "d-1", address: psid, content, author: "bot" }, instagramOrigin());
}

function taken(): SendEntry {
  const last = platform.log.since(0).findLast((entry) => entry.kind === "send");
  if (last?.kind !== "send") throw new Error("nothing was taken");
  return last;
}

const body = (): Record<string, unknown> => JSON.parse(taken().body);
const replies = (count: number): Button[] =>
  Array.from({ length: count }, (_, index) => ({ title: `Title ${index}`, data: `b${index}` }));

describe("a message", () => {
  test("carries our delivery's id on Messenger, and says why it may be sent", async () => {
    await send(plainText("Hi"));
    expect(body()).toEqual({
      recipient: { id: psid },
      messaging_type: "RESPONSE",
      message: { text: "Hi", metadata: "d-1" },
    });
    await sendToInstagram(plainText("Hi"));
    expect(body()).toMatchObject({ message: { text: "Hi" } });
    expect(body()["message"]).not.toHaveProperty("metadata");
  });

  test("of an operator goes out under the human agent tag where Meta has allowed it", async () => {
    await send(plainText("Hi"), { author: "operator", humanAgent: "yes" });
    expect(body()).toMatchObject({ messaging_type: "MESSAGE_TAG", tag: "HUMAN_AGENT" });
    await send(plainText("Hi"), { author: "bot", humanAgent: "yes" });
    expect(body()).toMatchObject({ messaging_type: "RESPONSE" });
    await send(plainText("Hi"), { author: "operator" });
    expect(body()).toMatchObject({ messaging_type: "RESPONSE" });
  });

  test("shows its buttons as quick replies, as buttons when links are among them, else as lines", async () => {
    const link = { title: "There", url: "https://a.example/" };
    await send({ ...plainText("Choose"), buttons: [replies(13)] });
    expect(taken().buttons).toHaveLength(13);
    await send({ ...plainText("Choose"), buttons: [[...replies(2), link]] });
    expect(taken()).toMatchObject({ text: "Choose", buttons: ["Title 0", "Title 1", "There"] });
    expect(body()["message"]).toHaveProperty("attachment");
    await send({ ...plainText("Choose"), buttons: [[...replies(3), link]] });
    expect(taken().text).toBe("Choose\n- Title 0\n- Title 1\n- Title 2\nThere: https://a.example/");
    await send({ ...plainText("Choose"), buttons: [replies(14)] });
    expect(taken().text.split("\n")).toHaveLength(15);
  });

  test("that its lines made too long is refused without a call", async () => {
    const before = platform.arrivals("page").length;
    const long = { ...plainText("x".repeat(1_990)), buttons: [replies(14)] };
    expect(await send(long)).toMatchObject({ type: "rejected", reason: "too_long" });
    expect(platform.arrivals("page")).toHaveLength(before);
  });

  test("on Instagram is measured in bytes", async () => {
    expect(await sendToInstagram(plainText("ж".repeat(500)))).toMatchObject({ type: "sent" });
    expect(await sendToInstagram(plainText("ж".repeat(501)))).toMatchObject({
      type: "rejected",
      reason: "too_long",
    });
  });

  test("with words beside a file, or of a kind that there is not, is refused instead of losing them", async () => {
    const url = "https://a.example/1.jpg";
    expect(await send({ type: "image", url, name: null, caption: "Look" })).toEqual({
      type: "rejected",
      status: 0,
      reason: "content",
      detail: "no_words_beside_files",
    });
    expect(messenger.limits.caption.max).toBe(0);
  });
});

describe("the reply window", () => {
  test("is a rejection with its own name on both", async () => {
    await platform.control({ do: "forgetClient", account: "page", clientId: psid });
    await platform.control({ do: "forgetClient", account: "ig", clientId: psid });
    const rejected = {
      type: "rejected",
      status: 400,
      reason: "outside_window",
      detail: "graph_10_2018278",
    } as const;
    expect(await send(plainText("late"))).toEqual(rejected);
    expect(await sendToInstagram(plainText("late"))).toEqual(rejected);
  });

  test("is told from other refusals of the same code", async () => {
    const told = async (code: number, subcode?: number) => {
      const fault = { mode: "graph", code, ...(subcode === undefined ? {} : { subcode }) };
      await platform.control({ do: "sends", account: "page", fault, next: 1 });
      return await send(plainText("hi"));
    };
    expect(await told(10)).toMatchObject({ type: "unauthorized" });
    expect(await told(10, 2018108)).toMatchObject({ type: "rejected", reason: "unreachable" });
    expect(await told(551)).toMatchObject({ type: "rejected", reason: "unreachable" });
    expect(await told(100, 2018001)).toMatchObject({ type: "rejected", reason: "unreachable" });
    expect(await told(100)).toMatchObject({ type: "rejected", reason: "content" });
    expect(await told(613)).toMatchObject({ type: "throttled", scope: null });
    expect(await told(2)).toMatchObject({ type: "failed" });
  });
});

test("what we send comes back as an echo of our app, and as receipts", async () => {
  await send(plainText("Hi"));
  const { messageId } = taken();
  await platform.idle();
  const posted = platform.log
    .since(0)
    .flatMap((entry) =>
      entry.kind === "webhook" && entry.messageId === messageId ? [entry.hookType] : [],
    );
  expect(posted.toSorted()).toEqual(["delivered", "echo"]);
});

describe("Instagram's token", () => {
  const { renewal } = instagram;
  if (!isSupported(renewal)) throw new Error("tokens of Instagram end");
  const dayMs = 86_400_000;
  const now = Date.parse("2026-03-04T05:06:07Z");
  const endingIn = (ms: number) => {
    const origin = instagramOrigin();
    return { ...origin, credentials: { ...origin.credentials, "token-ends": String(now + ms) } };
  };

  test("is exchanged when its end is near or unknown, and its new end is kept", async () => {
    const renewed = {
      type: "renewed",
      fields: { token: "ig-token-renewed", "token-ends": String(now + 60 * dayMs) },
    } as const;
    expect(await renewal.renew(instagramOrigin(), now)).toEqual(renewed);
    expect(await renewal.renew(endingIn(29 * dayMs), now)).toEqual(renewed);
  });

  test("is left alone while it has a month", async () => {
    expect(await renewal.renew(endingIn(31 * dayMs), now)).toEqual({ type: "fine" });
  });

  test("never stands in what is said of a failure", async () => {
    const origin = instagramOrigin();
    const wrong = { ...origin, credentials: { ...origin.credentials, token: "canary-wrong" } };
    expect(await renewal.renew(wrong, now)).toEqual({ type: "failed", detail: "graph_190" });
  });
});
