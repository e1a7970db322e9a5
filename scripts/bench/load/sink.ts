import { joined, readMessage } from "./http-message.ts";

/** A reply that arrived at the platform. */
export type Reply = { readonly client: number; readonly text: string; readonly at: number };

export type Sink = { readonly port: number; readonly stop: () => void };

type Caller = { received: Buffer | null };

/**
 * The platforms that receive the replies, on a free port of loopback: `POST /v1/messages` of Chat2Desk and
 * `POST /bot…/sendMessage` of Telegram. A bare socket, because it shares its cores with what is measured; every call is accepted.
 */
export function openSink(onReply: (reply: Reply) => void): Sink {
  let calls = 0;
  const server = Bun.listen<Caller>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open: (socket) => {
        socket.data = { received: null };
      },
      data: (socket, part) => {
        const { data } = socket;
        let rest: Buffer | null = data.received === null ? part : joined(data.received, part);
        for (;;) {
          const message = readMessage(rest);
          if (message === null) break;
          calls += 1;
          socket.write(answerTo(message.head, message.body, { call: calls, onReply }));
          rest = rest.subarray(message.bytes);
        }
        data.received = rest.length === 0 ? null : Buffer.from(rest);
      },
      error: (socket) => {
        socket.terminate();
      },
    },
  });
  return { port: server.port, stop: () => server.stop(true) };
}

type Call = { readonly call: number; readonly onReply: (reply: Reply) => void };

function answerTo(head: string, body: string, { call, onReply }: Call): string {
  const told: unknown = JSON.parse(body);
  const client = numberIn(told, "client_id") ?? numberIn(told, "chat_id");
  const text = textIn(told);
  if (client === null || text === null) return answer(400, '{"error":"no client or no text"}');
  onReply({ client, text, at: performance.now() });
  return answer(200, head.startsWith(telegram) ? sent(call, client) : accepted(call, client));
}

const telegram = "POST /bot";

function accepted(call: number, client: number): string {
  return `{"status":"success","data":{"message_id":${call},"client_id":${client},"type":"autoreply"}}`;
}

function sent(call: number, client: number): string {
  return `{"ok":true,"result":{"message_id":${call},"date":0,"chat":{"id":${client},"type":"private","first_name":"bench"},"text":""}}`;
}

function answer(status: number, body: string): string {
  return `HTTP/1.1 ${status} OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

function numberIn(told: unknown, field: "client_id" | "chat_id"): number | null {
  if (typeof told !== "object" || told === null) return null;
  const value: unknown = Reflect.get(told, field);
  return typeof value === "number" || typeof value === "string" ? Number(value) : null;
}

function textIn(told: unknown): string | null {
  const text: unknown =
    typeof told === "object" && told !== null ? Reflect.get(told, "text") : undefined;
  return typeof text === "string" ? text : null;
}
