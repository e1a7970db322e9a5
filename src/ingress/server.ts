import { describeError } from "../core/errors.ts";
import type { Service } from "../core/service.ts";
import type { Logger } from "../platform/telemetry/logger.ts";
import { defaultOriginKey } from "../tenants/default-origin.ts";
import { bodyBytesMax } from "./body.ts";
import { refusal } from "./refusal.ts";
import type { Webhooks } from "./webhook.ts";

export type ServerParts = {
  readonly host: string;
  readonly port: number;
  readonly webhooks: Webhooks;
  /** Further routes: path to handler of GET. */
  readonly pages: Readonly<Record<string, () => Promise<Response> | Response>>;
  readonly logger: Logger;
};

/** Bun refuses larger bodies itself, without our words; ours are judged first, between the two limits. */
const bunBodyBytesMax = bodyBytesMax * 8;
/** A connection on which nothing moves is closed after this, s: slow senders must not pile up. */
const idleTimeoutS = 15;

export type HttpServer = Service & { readonly port: () => number };

/** The HTTP server of the role `web`. Several processes share one port (`reusePort`). */
export function createServer(parts: ServerParts): HttpServer {
  let server: ReturnType<typeof Bun.serve> | null = null;
  return {
    name: "http server",
    start: async () => {
      server = serve(parts);
      parts.logger.info("listening", { port: server.port ?? parts.port });
    },
    stop: async () => {
      // Requests in flight are answered; new ones go to the other processes on the port.
      await server?.stop();
      server = null;
    },
    port: () => server?.port ?? parts.port,
  };
}

function serve(parts: ServerParts): ReturnType<typeof Bun.serve> {
  const onlyPost = () => refusal(405, "method_not_allowed", "webhooks are posted");
  const pages = Object.fromEntries(
    Object.entries(parts.pages).map(([path, page]) => [path, { GET: page }]),
  );
  return Bun.serve({
    hostname: parts.host,
    port: parts.port,
    reusePort: true,
    maxRequestBodySize: bunBodyBytesMax,
    idleTimeout: idleTimeoutS,
    routes: {
      "/webhook/:channel": {
        POST: (request) => parts.webhooks(request, request.params.channel, defaultOriginKey),
        GET: onlyPost,
      },
      "/webhook/:channel/:origin": {
        POST: (request) => parts.webhooks(request, request.params.channel, request.params.origin),
        GET: onlyPost,
      },
      ...pages,
    },
    fetch: () => refusal(404, "not_found", "there is nothing at this address"),
    error: (error) => {
      parts.logger.error("a request failed", { error: describeError(error) });
      return refusal(500, "internal_error", "this is a fault of Hookdesk");
    },
  });
}
