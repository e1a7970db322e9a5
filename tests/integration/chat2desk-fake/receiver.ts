/** A webhook receiver that keeps what came, byte for byte, and answers as the test says. */

export type ReceivedWebhook = {
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
};

export type Receiver = {
  readonly url: string;
  readonly received: readonly ReceivedWebhook[];
  readonly stop: () => Promise<void>;
};

/** `answer` decides the answer to each webhook by its number from 1; by default 200. */
export function startReceiver(
  answer: (webhook: ReceivedWebhook, number: number) => Response | Promise<Response> = () =>
    new Response("ok"),
): Receiver {
  const received: ReceivedWebhook[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async (request) => {
      const path = new URL(request.url).pathname;
      const webhook = { path, headers: request.headers, body: await request.text() };
      received.push(webhook);
      return await answer(webhook, received.length);
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    received,
    stop: () => server.stop(true),
  };
}

/** Calls `POST /v1/messages` as any client of the platform would. */
export function sendMessage(url: string, body: unknown, token = "token-one"): Promise<Response> {
  return fetch(`${url}/v1/messages`, {
    method: "POST",
    headers: { authorization: token, "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
    signal: AbortSignal.timeout(5_000),
  });
}
