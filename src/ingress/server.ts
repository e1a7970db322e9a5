import { pause, within } from "../core/deadline.ts";
import { describeError } from "../core/errors.ts";
import type { Service } from "../core/service.ts";
import type { Logger } from "../platform/telemetry/logger.ts";
import { defaultOriginKey } from "../tenants/default-origin.ts";
import { refusal, wrongMethod } from "./refusal.ts";
import type { Webhooks } from "./webhook.ts";

export type Page = () => Promise<Response> | Response;

/** Answers `GET /media/<name>`. */
export type ServeMedia = (request: Request, name: string) => Promise<Response>;

export type ServerParts = {
  readonly host: string;
  readonly port: number;
  readonly webhooks: Webhooks;
  readonly media: ServeMedia;
  /** Further routes: path to handler of GET. */
  readonly pages: Readonly<Record<string, Page>>;
  readonly logger: Logger;
};

/** Bun would refuse in its own words and before we can say 404; nothing is read before `readBody` asks for it. */
const bunBodyBytesMax = Number.MAX_SAFE_INTEGER;
/** A connection on which nothing moves is closed after this, s: slow senders must not pile up. */
const idleTimeoutS = 15;
/** While leaving, connections are ended by our answers for this long, ms, so that few are cut between two requests. */
const leaveMs = 250;
/** Requests in flight get this long, ms; who sends slower is cut off. */
const answerMs = 2_000;

export type HttpServer = Service & { readonly port: () => number };

/**
 * The HTTP server of the role `web`. Several processes share one port (`reusePort`).
 *
 *   closed ──start──▶ open ──stop──▶ leaving (every answer ends its connection) ──▶ answering what is in flight ──▶ closed
 */
export function createServer(parts: ServerParts): HttpServer {
  let server: ReturnType<typeof Bun.serve> | null = null;
  let leaving = false;
  const leave = async (open: ReturnType<typeof Bun.serve>): Promise<void> => {
    leaving = true;
    await pause(leaveMs);
    await within(open.stop(), answerMs, "answering").catch(() => open.stop(true));
  };
  return {
    name: "http server",
    start: async () => {
      server = serve(parts, () => leaving);
      parts.logger.info("listening", { port: server.port ?? parts.port });
    },
    stop: async () => {
      const open = server;
      server = null;
      if (open !== null) await leave(open);
    },
    port: () => server?.port ?? parts.port,
  };
}

function serve(parts: ServerParts, leaving: () => boolean): ReturnType<typeof Bun.serve> {
  const ending = async (answer: Promise<Response> | Response): Promise<Response> => {
    const response = await answer;
    if (leaving()) response.headers.set("Connection", "close");
    return response;
  };
  const webhook = (request: Request, channel: string, origin: string) =>
    ending(parts.webhooks(request, channel, origin));
  const reading = (request: Request, show: Page) =>
    ending(request.method === "GET" || request.method === "HEAD" ? show() : wrongMethod("GET"));
  const page = (show: Page) => (request: Request) => reading(request, show);
  return Bun.serve({
    hostname: parts.host,
    port: parts.port,
    reusePort: true,
    maxRequestBodySize: bunBodyBytesMax,
    idleTimeout: idleTimeoutS,
    routes: {
      "/webhook/:channel": (request) => webhook(request, request.params.channel, defaultOriginKey),
      "/webhook/:channel/:origin": (request) =>
        webhook(request, request.params.channel, request.params.origin),
      "/media/:name": (request) =>
        reading(request, () => parts.media(request, request.params.name)),
      ...Object.fromEntries(Object.entries(parts.pages).map(([path, show]) => [path, page(show)])),
    },
    fetch: () => ending(refusal(404, "not_found", "there is nothing at this address")),
    error: (error) => {
      parts.logger.error("a request failed", { error: describeError(error) });
      return refusal(500, "internal_error", "this is a fault of Hookdesk");
    },
  });
}
