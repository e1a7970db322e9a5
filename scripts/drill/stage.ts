/**
 * Everything of one run, brought up in its order and taken down again: a database, proxies, the fake platform, Hookdesk's processes.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type FakeChat2Desk,
  startFakeChat2Desk,
} from "../../src/channels/chat2desk/fake/platform.ts";
import { migrate } from "../../src/platform/postgres/migrate.ts";
import { freePort } from "../services/ports.ts";
import type { Services } from "../services/services.ts";
import { until } from "../services/until.ts";
import { accounts, tokenOf, writeAccounts } from "./accounts.ts";
import { CrashPoints } from "./crash/crash-points.ts";
import { FaultProxy } from "./fault-proxy.ts";
import type { Needs } from "./faults/fault.ts";
import { storeClients } from "./faults/redis-faults.ts";
import { NemesisLog, type RoleTarget } from "./nemesis.ts";
import { Recording } from "./recording.ts";
import { Roles } from "./roles.ts";
import type { DrillPostgres, DrillRedis } from "./stores.ts";

export type StageOptions = {
  /** The folder that holds the `src` and `migrations` to run. */
  readonly tree: string;
  /** Where histories, logs and crash points of this run go. */
  readonly folder: string;
  readonly database: string;
  readonly postgres: DrillPostgres;
  readonly redis: DrillRedis;
  readonly services: Services;
  readonly needs: Needs;
  readonly seed: number;
  readonly signal: AbortSignal;
};

export type Stage = {
  readonly options: StageOptions;
  readonly proxies: ReadonlyMap<string, FaultProxy>;
  readonly platform: FakeChat2Desk;
  readonly roles: Roles;
  readonly recording: Recording;
  readonly nemesis: NemesisLog;
  readonly crash: CrashPoints;
  readonly close: () => Promise<void>;
};

/** Scaled in time: the platform would wait 10 s, 5 min and 2 h. */
const retryScheduleMs = [300, 600, 1_000, ...Array.from({ length: 60 }, () => 2_000)];
const webhookTimeoutMs = 10_000;
const readyDeadlineMs = 30_000;
const preloadFile = fileURLToPath(import.meta.resolve("./crash/preload.ts"));

export async function openStage(options: StageOptions): Promise<Stage> {
  const { postgres, redis, database, needs, folder, tree } = options;
  const recording = new Recording(join(folder, "histories"));
  const nemesis = new NemesisLog((entry) => recording.write("nemesis.jsonl", entry));
  const crash = new CrashPoints(join(folder, "crash"));
  await makeDatabase(options);
  if (needs.redisAbsent === true) {
    await redis.kill();
    // What another run left in it belongs to another database, whose versions would be taken for those of this one.
    redis.forgetData();
  } else await redis.command("FLUSHALL");
  const webPort = await freePort();
  const { proxies, ports } = await openProxies(options, webPort);
  const platform = await startFakeChat2Desk({
    seed: options.seed,
    retryScheduleMs,
    webhookTimeoutMs,
    accounts: accounts.map(({ name, limit }) => ({
      name,
      token: tokenOf(name),
      rateLimit: limit,
      webhookUrl: `http://127.0.0.1:${ports.get("platform-web")}/webhook/chat2desk/${name}`,
    })),
  });
  platform.log.listen((entry) => recording.hear(entry));
  ports.set("outbox-platform", await openTo(proxies, "outbox-platform", platform.port));
  await postgres.connected(database, (client) =>
    writeAccounts(client, `http://127.0.0.1:${ports.get("outbox-platform")}`),
  );
  const roles = new Roles({
    tree,
    logs: join(folder, "logs"),
    services: options.services,
    preload: needs.preload === true ? [preloadFile] : [],
    environmentOf: (role, name) => environmentOf(options, { role, name, ports, webPort, crash }),
    onDeath: (role, name, how) =>
      nemesis.blow({ fault: "death", target: role, kind: "killed", note: `${name} ${how}` }),
  });
  options.signal.addEventListener("abort", () => roles.abandon());
  const close = async () => {
    recording.stop();
    await roles.stop();
    await platform.stop();
    for (const proxy of proxies.values()) proxy.close();
  };
  const stage = { options, proxies, platform, roles, recording, nemesis, crash, close };
  try {
    await startRoles(stage, webPort);
  } catch (error) {
    await close();
    throw error;
  }
  recording.start();
  return stage;
}

async function makeDatabase({ postgres, database, tree }: StageOptions): Promise<void> {
  await postgres.connected("postgres", (client) => client.query(`CREATE DATABASE ${database}`));
  await migrate(postgres.url(database), join(tree, "migrations"));
}

async function openProxies({ postgres, redis }: StageOptions, webPort: number) {
  const proxies = new Map<string, FaultProxy>();
  const ports = new Map<string, number>();
  for (const client of storeClients) {
    ports.set(`${client}-postgres`, await openTo(proxies, `${client}-postgres`, postgres.port));
    ports.set(`${client}-redis`, await openTo(proxies, `${client}-redis`, redis.port));
  }
  ports.set("platform-web", await openTo(proxies, "platform-web", webPort));
  return { proxies, ports };
}

async function openTo(
  proxies: Map<string, FaultProxy>,
  name: string,
  port: number,
): Promise<number> {
  const proxy = new FaultProxy(name, port);
  proxies.set(name, proxy);
  return proxy.open();
}

function environmentOf(
  { postgres, redis, database, needs }: StageOptions,
  given: {
    readonly role: RoleTarget;
    readonly name: string;
    readonly ports: ReadonlyMap<string, number>;
    readonly webPort: number;
    readonly crash: CrashPoints;
  },
): Record<string, string> {
  const { role, name, ports, webPort, crash } = given;
  return {
    HOST: "127.0.0.1",
    PORT: String(webPort),
    DATABASE_URL: postgres.url(database, ports.get(`${role}-postgres`)),
    REDIS_URL: redis.url(ports.get(`${role}-redis`)),
    LOG_LEVEL: "info",
    ...(needs.sessionSilence === undefined ? {} : { SESSION_SILENCE: needs.sessionSilence }),
    ...(needs.preload === true
      ? { DRILL_CRASH: crash.folder, DRILL_CLOCK: crash.clockFile(name) }
      : {}),
  };
}

async function startRoles({ options, roles }: Stage, webPort: number): Promise<void> {
  await roles.add("web", 2);
  await roles.add("worker", 3);
  await roles.add("outbox", options.needs.outboxes ?? 1);
  await roles.add("cron", 1);
  const wanted = options.needs.redisAbsent === true ? "/health/ready" : "/health";
  const ready = await until(() => isWell(`http://127.0.0.1:${webPort}${wanted}`), {
    deadlineMs: readyDeadlineMs,
    everyMs: 100,
  });
  if (ready === undefined)
    throw new Error(
      `Hookdesk is not well within ${readyDeadlineMs / 1_000} s, see ${join(options.folder, "logs")}`,
    );
}

async function isWell(url: string): Promise<true | undefined> {
  try {
    const health: unknown = await (await fetch(url, { signal: AbortSignal.timeout(2_000) })).json();
    const well =
      typeof health === "object" && health !== null && "status" in health && health.status === "ok";
    return well ? true : undefined;
  } catch {
    return undefined;
  }
}
