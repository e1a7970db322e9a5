import { systemClock } from "../core/clock.ts";
import { pause } from "../core/deadline.ts";
import { originId } from "../core/ids.ts";
import { createHealth } from "../health/health.ts";
import { unsafeSettings, type Warning } from "../health/settings.ts";
import type { HttpServer } from "../ingress/server.ts";
import type { Logger } from "../platform/telemetry/logger.ts";
import type { Origin } from "../tenants/origins.ts";
import { createAccountsFor, createChannels } from "./channels.ts";
import type { Config, Role } from "./config.ts";
import { createFoundation, type Foundation } from "./foundation.ts";
import { createPipeline, type Pipeline } from "./pipeline.ts";
import { prepare } from "./prepare.ts";
import { type StopStep, stopInSteps } from "./shutdown.ts";
import { createWebServer } from "./web.ts";

/**
 * One process of Hookdesk.
 *
 *   made ──start──▶ preparing (PostgreSQL may be away; web listens and answers 503) ──migrated──▶ running
 *                       └──────────────────────────────stop──────────────────────────────────────────┴──▶ stopped
 */
export type App = {
  readonly logger: Logger;
  /** Resolves when the process does what it can: `web` listens. PostgreSQL and Redis may come later. */
  readonly start: () => Promise<void>;
  /** Resolves when the pipeline runs on a migrated database, or when it was stopped before. @throws on a fault of ours. */
  readonly ready: () => Promise<void>;
  /** Stops taking work, lets work in flight end, closes. Safe to call twice; ends in a bounded time and never rejects. */
  readonly stop: () => Promise<void>;
  readonly port: () => number | null;
};

/** A web process listens when its database is ready, so that nobody is answered 503 without need; or when that takes longer, ms. */
const listenAfterMs = 5_000;

/** Builds a process for its role. Nothing is opened but the connection to Redis until `start`. */
export function createApp(config: Config, role: Role): App {
  const foundation = createFoundation(config, role);
  const { logger, roster, redis } = foundation;
  let pipeline: Pipeline | null = null;
  let running: Promise<void> = Promise.resolve();
  let stopping: Promise<void> | null = null;
  const waiting = Promise.withResolvers<void>();
  const server = listens(role) ? webServerOf(foundation, () => pipeline) : null;

  const run = async (): Promise<void> => {
    const stopped = () => stopping !== null;
    const channels = createChannels();
    const accounts = createAccountsFor(channels, config);
    const prepared = await prepare(foundation, accounts, { stopped, onWait: waiting.resolve });
    if (prepared === null) return;
    const made = createPipeline(foundation, { channels, accounts }, prepared);
    await made.origins.refresh().catch(() => undefined);
    pipeline = made;
    await startAll(made, foundation);
  };

  // Read step by step, because the pipeline may come into being while the first steps are taken.
  function* stopSteps(): Generator<StopStep> {
    yield { name: "http server", reserveMs: 9_000, run: async () => server?.stop() };
    yield { name: "start", reserveMs: 8_000, run: () => running.catch(() => undefined) };
    yield* pipeline?.stopSteps ?? [];
    yield { name: "roster", reserveMs: 0, run: roster.stop };
  }

  const stop = async (): Promise<void> => {
    await stopInSteps(stopSteps(), logger);
    redis.close();
    logger.info("stopped");
  };

  return {
    logger,
    start: async () => {
      await roster.start();
      running = run();
      // Whoever awaits `ready` learns of it; nobody else must.
      running.catch(() => undefined);
      if (server === null) return;
      const settled = running.catch(() => undefined);
      await Promise.race([settled, waiting.promise, pause(listenAfterMs)]);
      if (stopping === null) await server.start();
    },
    ready: () => running,
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
    port: () => server?.port() ?? null,
  };
}

function listens(role: Role): boolean {
  return role === "web" || role === "all";
}

async function startAll(pipeline: Pipeline, { logger, redis }: Foundation): Promise<void> {
  for (const service of pipeline.services) await service.start();
  logger.info("running", { services: pipeline.services.map(({ name }) => name).join(", ") });
  // Nobody waits for it: what cannot be asked now is told by `/health` later.
  void unsafeSettings(pipeline.stores.health, redis).then((warnings) => {
    for (const { sentence } of warnings) logger.warn(sentence);
  });
}

function webServerOf(foundation: Foundation, pipeline: () => Pipeline | null): HttpServer {
  const health = createHealth({
    redis: foundation.redis,
    roster: foundation.roster,
    clock: systemClock,
    stores: () => {
      const made = pipeline();
      if (made === null) return null;
      const { health: database, messages, outbox } = made.stores;
      return { database, messages, outbox, warnings: [...made.warnings, ...faultsOf(made)] };
    },
    originName: (id) => nameOf(pipeline()?.origins.byId(originId(id)), id),
  });
  return createWebServer(foundation, { pipeline, health });
}

/** Origins that nobody can speak for now. */
function faultsOf({ origins }: Pipeline): readonly Warning[] {
  return origins.all().flatMap(({ channel, key, fault }) => {
    if (fault === null) return [];
    return [{ sentence: `${channel}/${key} cannot be used. ${fault}`, breaksPromise: true }];
  });
}

function nameOf(origin: Origin | undefined, id: number): string {
  return origin === undefined ? `origin ${id}` : `${origin.channel}/${origin.key}`;
}
