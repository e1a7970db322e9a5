import type { Health } from "../health/health.ts";
import { refusal } from "../ingress/refusal.ts";
import { createServer, type HttpServer, type Page, type ServeMedia } from "../ingress/server.ts";
import type { Webhooks } from "../ingress/webhook.ts";
import type { Foundation } from "./foundation.ts";
import type { Pipeline } from "./pipeline.ts";

export type WebParts = {
  /** Null until PostgreSQL is prepared. */
  readonly pipeline: () => Pipeline | null;
  readonly health: Health;
};

/** What a process answers over HTTP; it answers from its first moment, and says 503 where it cannot do its work yet. */
export function createWebServer({ config, logger }: Foundation, parts: WebParts): HttpServer {
  const webhooks: Webhooks = async (request, channel, origin) => {
    const ready = parts.pipeline();
    if (ready !== null) return ready.webhooks(request, channel, origin);
    return refusal(503, "not_ready", "Hookdesk is starting; deliver the event again");
  };
  const media: ServeMedia = async (request, name) =>
    (await parts.pipeline()?.serveMedia(request, name)) ??
    refusal(503, "not_ready", "Hookdesk is starting; ask again");
  return createServer({
    host: config.host,
    port: config.port,
    logger,
    webhooks,
    media,
    pages: pagesOf(parts),
  });
}

function pagesOf({ pipeline, health }: WebParts): Readonly<Record<string, Page>> {
  return {
    "/": () =>
      Response.json({
        name: "hookdesk",
        health: "/health",
        metrics: "/metrics",
        webhooks: "/webhook/{channel}/{originKey}",
      }),
    "/health": async () => {
      const report = await health.report();
      return Response.json(report, { status: report.status === "down" ? 503 : 200 });
    },
    "/health/live": () => Response.json({ status: "ok" }),
    "/health/ready": () => {
      const ready = pipeline()?.origins.ready() ?? false;
      return Response.json({ status: ready ? "ok" : "down" }, { status: ready ? 200 : 503 });
    },
    "/metrics": async () =>
      new Response(await health.metrics(), {
        headers: { "Content-Type": "text/plain; version=0.0.4; charset=utf-8" },
      }),
  };
}
