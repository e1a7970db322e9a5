import type { JsonRecord } from "../../../fake-platform/exact-json.ts";
import type { Answer, Exchange } from "../../../fake-platform/http-front.ts";
import type { FakeAccount } from "./account.ts";
import { dataAnswer, errorAnswer } from "./answers.ts";
import { readBody, recordOf, wordOf } from "./send-reading.ts";

/** Where an account's webhooks go, and which of them: `/{number}`, `/{account}/subscribed_apps`, `/{app}/subscriptions`. */

const CHALLENGE = "1158201444";
const CALLBACK_REFUSED = 2200;
const HANDSHAKE_TIMEOUT_MS = 5_000;

/** The fields of a number, as far as they are asked for here. */
export function numberAnswer(account: FakeAccount): Answer {
  const own = account.callback === null ? {} : { phone_number: account.callback };
  const webhook_configuration = { ...own, application: account.webhookUrl };
  return dataAnswer({ id: account.options.id, webhook_configuration });
}

/** `POST /{number}` with a callback address of its own, which is asked for a handshake first. */
export async function setNumber(account: FakeAccount, exchange: Exchange): Promise<Answer> {
  const wanted = recordOf(readBody(await exchange.read())?.["webhook_configuration"]);
  return await setCallback(account, {
    url: wordOf(wanted["override_callback_uri"]),
    verifyToken: wordOf(wanted["verify_token"]),
  });
}

/** `POST /{app}/subscriptions`: the address of all of an app's webhooks about one kind of object. */
export async function setSubscription(account: FakeAccount, exchange: Exchange): Promise<Answer> {
  const wanted = await fieldsOf(exchange);
  return await setCallback(account, {
    url: wordOf(wanted["callback_url"]),
    verifyToken: wordOf(wanted["verify_token"]),
  });
}

/** `GET /{app}/subscriptions`: the address that was set, if any. */
export function subscriptionsAnswer(account: FakeAccount): Answer {
  const object = account.product === "messenger" ? "page" : "instagram";
  const { callback } = account;
  const fields = (account.subscribedFields ?? "").split(",").map((name) => ({ name }));
  return dataAnswer({
    data: callback === null ? [] : [{ object, callback_url: callback, active: true, fields }],
  });
}

/** `GET /{account}/subscribed_apps`. */
export function subscribedAppsAnswer(account: FakeAccount): Answer {
  const { subscribedFields, product } = account;
  if (subscribedFields === null) return dataAnswer({ data: [] });
  const app = { id: account.options.appId ?? "1", name: "Hookdesk" };
  return dataAnswer({
    data: [
      product === "whatsapp"
        ? { whatsapp_business_api_data: app }
        : { ...app, subscribed_fields: subscribedFields.split(",") },
    ],
  });
}

/** `POST /{account}/subscribed_apps`, with fields where the product lets one choose. */
export async function subscribeApp(account: FakeAccount, exchange: Exchange): Promise<Answer> {
  const wanted = await fieldsOf(exchange);
  account.subscribedFields = wordOf(wanted["subscribed_fields"]) ?? "messages";
  return dataAnswer({ success: true });
}

/** Fields of a setting stand in the address or in the body. */
async function fieldsOf(exchange: Exchange): Promise<JsonRecord> {
  return { ...Object.fromEntries(exchange.query), ...readBody(await exchange.read()) };
}

async function setCallback(
  account: FakeAccount,
  wanted: { readonly url: string | null; readonly verifyToken: string | null },
): Promise<Answer> {
  const { url, verifyToken } = wanted;
  const agreed = url !== null && (await shakesHands(url, verifyToken ?? ""));
  if (!agreed) return errorAnswer({ code: CALLBACK_REFUSED });
  account.callback = url;
  return dataAnswer({ success: true });
}

async function shakesHands(url: string, verifyToken: string): Promise<boolean> {
  const question = new URLSearchParams({
    "hub.mode": "subscribe",
    "hub.challenge": CHALLENGE,
    "hub.verify_token": verifyToken,
  });
  try {
    const answer = await fetch(`${url}?${question}`, {
      signal: AbortSignal.timeout(HANDSHAKE_TIMEOUT_MS),
    });
    return answer.status === 200 && (await answer.text()) === CHALLENGE;
  } catch {
    return false;
  }
}
