import { type Receiver, sendMessage, startReceiver } from "./receiver.ts";

/**
 * A small order bot in memory, only to judge the simulated clients: it understands just enough, forgets everything, and can be
 * told to err. Tokens are the path of the webhook URL, so that one bot serves several accounts.
 */

export type BotError = "answers twice" | "skips a step" | "falls silent" | "forgets duplicates";

type Order = { step: number; address: string; phone: string; quantity: string };
type Inbox = {
  readonly hook_type: string;
  readonly message_id: number;
  readonly client_id: number;
  readonly text: string;
};

/** `apiUrl` is asked at each reply, because the platform starts after the bot. */
export function startToyBot(apiUrl: () => string, error: BotError | null = null): Receiver {
  const seen = new Set<string>();
  const orders = new Map<string, Order>();
  const lines = new Map<string, Promise<unknown>>();
  return startReceiver((webhook) => {
    const token = webhook.path.slice(1);
    const inbox: Inbox = JSON.parse(webhook.body);
    const key = `${token} ${inbox.message_id}`;
    if (inbox.hook_type !== "inbox") return new Response("ok");
    if (seen.has(key) && error !== "forgets duplicates") return new Response("ok");
    seen.add(key);
    const client = `${token} ${inbox.client_id}`;
    const order = orders.get(client) ?? { step: 0, address: "", phone: "", quantity: "" };
    orders.set(client, order);
    const text = replyTo(order, inbox.text, error);
    const former = lines.get(client) ?? Promise.resolve();
    const sends = former.then(() =>
      send(apiUrl(), { token, clientId: inbox.client_id, text, error }),
    );
    lines.set(
      client,
      sends.catch(() => undefined),
    );
    return new Response("ok");
  });
}

async function send(
  apiUrl: string,
  reply: {
    readonly token: string;
    readonly clientId: number;
    readonly text: string;
    readonly error: BotError | null;
  },
): Promise<void> {
  const body = { client_id: reply.clientId, text: reply.text, type: "autoreply" };
  if (reply.text !== "") await sendMessage(apiUrl, body, reply.token);
  if (reply.error === "answers twice") await sendMessage(apiUrl, body, reply.token);
}

const PROMPTS = ["", "Your address?", "Your phone?", "What quantity?"];

function replyTo(order: Order, text: string, error: BotError | null): string {
  if (error === "falls silent" && order.step === 3) return "";
  if (order.step === 4) return confirm(order, text);
  if (!understands(order.step, text)) return PROMPTS[order.step] ?? "";
  if (order.step === 1) order.address = text;
  if (order.step === 2) order.phone = text.trim().replace(/^00/, "+");
  if (order.step === 3) order.quantity = text;
  order.step += error === "skips a step" && order.step === 1 ? 2 : 1;
  return order.step === 4 ? summary(order) : (PROMPTS[order.step] ?? "");
}

function understands(step: number, text: string): boolean {
  if (step === 1) return text.length >= 5;
  if (step === 2) return text.replace(/\D/g, "").length > 8;
  return step === 0 || (Number(text) >= 1 && Number(text) <= 50);
}

function confirm(order: Order, text: string): string {
  if (/^yes/i.test(text)) {
    order.step = 0;
    return "Thank you, it is on its way.";
  }
  if (!/^no/i.test(text)) return summary(order);
  order.step = 1;
  return "Your address?";
}

function summary(order: Order): string {
  const { address, phone, quantity } = order;
  return `Address: ${address}, phone: ${phone}, quantity: ${quantity}. Say yes or no.`;
}
