import { createChat2Desk } from "../channels/chat2desk/chat2desk.ts";
import type { Channel } from "../channels/channel.ts";
import type { Service } from "../core/service.ts";
import type { HealthReport } from "../health/health.ts";
import { createServer, type HttpServer } from "../ingress/server.ts";
import { refusal } from "../ingress/refusal.ts";
import { createHttpClient } from "../platform/http/client.ts";
import { createFoundation, type Foundation } from "./foundation.ts";
import type { Config, Role } from "./config.ts";
import { createPipeline, type Pipeline } from "./pipeline.ts";
import { prepare } from "./prepare.ts";

/** One process of Hookdesk. */
export type App = {
  /** Resolves when the process does what it can: `web` listens. PostgreSQL and Redis may come later. */
  readonly start: () => Promise<void>;
  /** Resolves when the pipeline runs on a migrated database. */
  readonly ready: () => Promise<void>;
  /** Stops taking work, lets work in flight end, closes. Safe to call twice. */
  readonly stop: () => Promise<void>;
  readonly port: () => number | null;
};

/** Every channel that Hookdesk speaks; a new one is one line here. */
function createChannels(): ReadonlyMap<string, Channel> {
  const http = createHttpClient();
  return new Map([createChat2Desk({ http })].map((channel) => [channel.name, channel]));
}

/** Builds a process for its role. Nothing is opened but the connection to Redis until `start`. */
export function createApp(config: Config, role: Role): App {
  const foundation = createFoundation(config, role);
  const { logger } = foundation;
  let pipeline: Pipeline | null = null;
  let running: readonly Service[] = [];
  let stopping: Promise<void> | null = null;
  const server =
    role === "web" || role === "all" ? createWebServer(foundation, () => pipeline) : null;

  const run = async (): Promise<void> => {
    const prepared = await prepare(config, logger, () => stopping !== null);
    if (prepared === null) return;
    const made = createPipeline(foundation, createChannels(), prepared);
    await made.origins.refresh().catch(() => undefined);
    pipeline = made;
    running = servicesOf(made, role);
    for (const service of running) await service.start();
    logger.info("running", { services: running.map((service) => service.name).join(", ") });
  };

  const stop = async (): Promise<void> => {
    await server?.stop();
    await begun;
    for (const service of running.toReversed()) await service.stop();
    await foundation.roster.stop();
    await pipeline?.close();
    foundation.redis.close();
    logger.info("stopped");
  };

  let begun: Promise<void> = Promise.resolve();
  return {
    start: async () => {
      await server?.start();
      await foundation.roster.start();
      begun = run();
    },
    ready: () => begun,
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
    port: () => server?.port() ?? null,
  };
}

/** Which services a role runs. Every promise holds without `cron`, whose services others run too. */
function servicesOf(pipeline: Pipeline, role: Role): readonly Service[] {
  const { refreshOrigins, work, send, keepers } = pipeline;
  switch (role) {
    case "web":
      return [refreshOrigins];
    case "worker":
      return [refreshOrigins, ...keepers.inbound, ...work];
    case "outbox":
      return [refreshOrigins, ...keepers.outbound, ...send];
    case "cron":
      return [refreshOrigins, ...keepers.inbound, ...keepers.outbound];
    case "all":
      return [refreshOrigins, ...keepers.inbound, ...keepers.outbound, ...work, ...send];
  }
}

const notMigrated: HealthReport = {
  status: "down",
  checks: {
    postgres: {
      status: "down",
      message: "PostgreSQL has not answered since the start; nothing is migrated yet.",
    },
  },
};

function createWebServer(foundation: Foundation, pipeline: () => Pipeline | null): HttpServer {
  const { config, logger, roster } = foundation;
  const report = async (): Promise<Response> => {
    const health = (await pipeline()?.health()) ?? notMigrated;
    return Response.json(health, { status: health.status === "down" ? 503 : 200 });
  };
  return createServer({
    host: config.host,
    port: config.port,
    logger,
    webhooks: async (request, channel, origin) =>
      (await pipeline()?.webhooks(request, channel, origin)) ??
      refusal(503, "not_ready", "Hookdesk is starting; deliver the event again"),
    pages: {
      "/": () =>
        Response.json({
          name: "hookdesk",
          health: "/health",
          metrics: "/metrics",
          webhooks: "/webhook/{channel}/{originKey}",
        }),
      "/health": report,
      "/health/live": () => Response.json({ status: "ok" }),
      "/health/ready": () => {
        const ready = pipeline()?.origins.ready() ?? false;
        return Response.json({ status: ready ? "ok" : "down" }, { status: ready ? 200 : 503 });
      },
      "/metrics": async () =>
        new Response(await roster.metricsText(), {
          headers: { "Content-Type": "text/plain; version=0.0.4" },
        }),
    },
  });
}
