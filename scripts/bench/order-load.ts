import { type ReplyExpectation, stepsOf } from "./order-steps.ts";

/**
 * The load of the `order` scenario: conversations that walk the five messages of the order dialog. Each sends its next message
 * when the former was acknowledged, so that messages of one client are in work at the same time and a system without order breaks
 * its dialogs. The platform's side, which receives the replies, is in the same process: a reply's latency is from the sending of its
 * message to the arrival of the call.
 */
export type OrderLoad = {
  readonly webhookUrl: string;
  /** The API token, whose MD5 signs the webhooks. */
  readonly token: string;
  readonly conversations: number;
  readonly concurrency: number;
  /** First client id, so that a second load meets new conversations. */
  readonly firstClient: number;
  /** How long to wait for replies after the last acknowledgement, ms. */
  readonly patienceMs: number;
};

export type OrderResult = {
  readonly messages: number;
  readonly seconds: number;
  readonly messagesPerSecond: number;
  readonly ackMs: Percentiles;
  readonly replyMs: Percentiles;
  readonly brokenDialogs: number;
  readonly missingReplies: number;
  readonly extraReplies: number;
  readonly refusedWebhooks: number;
};

export type Percentiles = { readonly p50: number; readonly p99: number; readonly max: number };

type Conversation = {
  readonly client: number;
  readonly steps: readonly ReplyExpectation[];
  readonly sentAt: number[];
  readonly replies: string[];
};

/** Where the system under test sends its replies; give `url` to it as the platform's address. */
export type ReplySink = {
  readonly url: string;
  readonly run: (load: OrderLoad) => Promise<OrderResult>;
  readonly stop: () => void;
};

/** Opens the platform's side on a free port of loopback. */
export function openReplySink(port = 0): ReplySink {
  const conversations = new Map<number, Conversation>();
  const latencies: number[] = [];
  let awaited = 0;
  let arrived = 0;
  let lastAt = 0;
  let complete: (() => void) | null = null;
  let messageId = 1;

  const receive = async (request: Request): Promise<Response> => {
    const body: { client_id: number | string; text: string } = JSON.parse(await request.text());
    const conversation = conversations.get(Number(body.client_id));
    const now = performance.now();
    lastAt = now;
    if (conversation !== undefined) {
      const sentAt = conversation.sentAt[conversation.replies.length];
      if (sentAt !== undefined) latencies.push(now - sentAt);
      conversation.replies.push(body.text);
      arrived += 1;
      if (arrived === awaited) complete?.();
    }
    messageId += 1;
    return Response.json({
      status: "success",
      data: { message_id: messageId, client_id: body.client_id, type: "autoreply" },
    });
  };
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port,
    routes: { "/v1/messages": { POST: receive } },
    fetch: () => new Response("", { status: 404 }),
  });

  return {
    url: `http://127.0.0.1:${server.port}`,
    stop: () => server.stop(true),
    run: async (load) => {
      conversations.clear();
      latencies.length = 0;
      arrived = 0;
      const all = Array.from({ length: load.conversations }, (_, index) =>
        conversationOf(load.firstClient + index),
      );
      for (const conversation of all) conversations.set(conversation.client, conversation);
      awaited = all.reduce((sum, conversation) => sum + conversation.steps.length, 0);
      const done = new Promise<void>((resolve) => {
        complete = resolve;
      });
      const begun = performance.now();
      const sent = await sendAll(load, all);
      const patience = setTimeout(() => complete?.(), load.patienceMs);
      await done;
      clearTimeout(patience);
      const seconds = (lastAt - begun) / 1_000;
      return {
        ...judge(all),
        ...sent,
        messages: awaited,
        seconds,
        messagesPerSecond: Math.round(arrived / seconds),
        replyMs: percentiles(latencies),
      };
    },
  };
}

function conversationOf(client: number): Conversation {
  return { client, steps: stepsOf(client), sentAt: [], replies: [] };
}

async function sendAll(
  load: OrderLoad,
  all: readonly Conversation[],
): Promise<Pick<OrderResult, "ackMs" | "refusedWebhooks">> {
  const acks: number[] = [];
  let refusedWebhooks = 0;
  const waiting = all.values();
  const key = new Bun.CryptoHasher("md5").update(load.token).digest("hex");
  const lane = async (): Promise<void> => {
    for (const conversation of waiting) {
      for (const [step, { text }] of conversation.steps.entries()) {
        const webhook = webhookOf({ conversation, step, text, key });
        const begun = performance.now();
        conversation.sentAt.push(begun);
        const response = await fetch(load.webhookUrl, webhook);
        await response.arrayBuffer();
        acks.push(performance.now() - begun);
        if (!response.ok) refusedWebhooks += 1;
      }
    }
  };
  await Promise.all(Array.from({ length: load.concurrency }, lane));
  return { ackMs: percentiles(acks), refusedWebhooks };
}

function webhookOf(given: {
  readonly conversation: Conversation;
  readonly step: number;
  readonly text: string;
  readonly key: string;
}): RequestInit {
  const { conversation, step, text, key } = given;
  const client = {
    id: conversation.client,
    phone: "[chat] bench",
    client_phone: null,
    name: "bench",
    assigned_name: null,
    external_id: null,
  };
  const body = JSON.stringify({
    message_id: conversation.client * 10 + step,
    type: "from_client",
    text,
    transport: "widget",
    client_id: conversation.client,
    operator_id: null,
    dialog_id: 1,
    channel_id: 1,
    photo: null,
    coordinates: null,
    audio: null,
    pdf: null,
    client,
    hook_type: "inbox",
    request_id: 1,
    attachments: [],
    is_new_request: false,
    is_new_client: false,
    extra_data: {},
    is_new: true,
    event_time: new Date().toISOString(),
  });
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const signature = new Bun.CryptoHasher("sha256", key).update(body + timestamp).digest("hex");
  return {
    method: "POST",
    body,
    headers: {
      "Content-Type": "application/json",
      "X-Signature": signature,
      "X-Timestamp": timestamp,
    },
  };
}

function judge(
  all: readonly Conversation[],
): Pick<OrderResult, "brokenDialogs" | "missingReplies" | "extraReplies"> {
  let brokenDialogs = 0;
  let missingReplies = 0;
  let extraReplies = 0;
  for (const { steps, replies } of all) {
    missingReplies += Math.max(0, steps.length - replies.length);
    extraReplies += Math.max(0, replies.length - steps.length);
    if (
      replies.length !== steps.length ||
      !steps.every((step, index) => step.fits(replies[index] ?? ""))
    )
      brokenDialogs += 1;
  }
  return { brokenDialogs, missingReplies, extraReplies };
}

/** Rounded to hundredths; all zero for nothing. */
export function percentiles(values: readonly number[]): Percentiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) =>
    Math.round(
      (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) * 100,
    ) / 100;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}
