import type { Disturbance } from "../histories.ts";
import type { RoleTarget } from "../nemesis.ts";
import { between, type Fault, type Ground, proxyOf } from "./fault.ts";

const outageMs = 4_000;
const links = ["web-redis", "worker-redis", "outbox-redis", "cron-redis"] as const;

function fault(
  name: string,
  codes: string,
  what: string,
  inject: (ground: Ground, name: string) => Promise<void>,
): Fault {
  return { name, codes, what, needs: {}, inject: (ground) => inject(ground, name) };
}

function during(ground: Ground, name: string, kind: Disturbance["kind"]): () => void {
  return ground.nemesis.begin({ fault: name, target: "redis", kind });
}

async function killed(ground: Ground, name: string, forget: boolean): Promise<void> {
  const end = during(ground, name, "killed");
  await ground.redis.kill();
  ground.nemesis.fired(name);
  await Bun.sleep(outageMs);
  if (forget) ground.redis.forgetData();
  await ground.redis.start();
  end();
}

async function slowly(ground: Ground, name: string): Promise<void> {
  const end = during(ground, name, "slow");
  const proxies = links.map((link) => proxyOf(ground, link));
  const before = proxies.reduce((sum, { touched }) => sum + touched, 0);
  for (const proxy of proxies) proxy.set({ type: "delay", ms: 250 });
  await Bun.sleep(ground.durationMs / 2);
  for (const proxy of proxies) proxy.heal();
  ground.nemesis.fired(name, proxies.reduce((sum, { touched }) => sum + touched, 0) - before);
  end();
}

async function emptied(ground: Ground, name: string): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) {
    ground.workload.crowd("north-tight", Math.ceil(ground.durationMs / 1_000));
    await Bun.sleep(between(ground.random, 1_000, ground.durationMs / 4));
    ground.nemesis.blow({ fault: name, target: "redis", kind: "emptied" });
    await ground.redis.command("FLUSHALL");
    ground.nemesis.fired(name);
  }
}

async function repliesEaten(ground: Ground, name: string): Promise<void> {
  const end = during(ground, name, "cut");
  for (const link of links) {
    const proxy = proxyOf(ground, link);
    const before = proxy.touched;
    // Scripts and what Bull sends go by this word; the commands are carried out, their answers never come.
    proxy.eatAnswers("evalsha", 3);
    await Bun.sleep(ground.durationMs / 8);
    proxy.heal();
    ground.nemesis.fired(name, proxy.touched - before);
  }
  end();
}

export const redisFaults: readonly Fault[] = [
  fault(
    "redis-killed",
    "F13",
    "Redis is killed and comes back with its data; webhooks go on",
    (ground, name) => killed(ground, name, false),
  ),
  fault(
    "redis-replaced",
    "F16",
    "Redis is killed and a new, empty one takes its place",
    (ground, name) => killed(ground, name, true),
  ),
  fault(
    "redis-emptied",
    "F16",
    "FLUSHALL, three times under load with a backlog for the limiter",
    emptied,
  ),
  fault(
    "redis-full",
    "F18",
    "Redis has no memory left and refuses every write",
    async (ground, name) => {
      const end = during(ground, name, "misbehaving");
      await ground.redis.command("CONFIG", "SET", "maxmemory", "100kb");
      ground.nemesis.fired(name);
      await Bun.sleep(ground.durationMs / 2);
      await ground.redis.command("CONFIG", "SET", "maxmemory", "0");
      end();
    },
  ),
  fault("redis-paused", "F21", "Redis answers nobody for five seconds", async (ground, name) => {
    const end = during(ground, name, "stopped");
    await ground.redis.command("CLIENT", "PAUSE", "5000", "ALL");
    ground.nemesis.fired(name);
    await Bun.sleep(5_000);
    end();
  }),
  fault("redis-slow", "F21", "every answer of Redis takes a quarter of a second each way", slowly),
  fault(
    "redis-replies-eaten",
    "F22",
    "commands reach Redis and their answers never come back",
    repliesEaten,
  ),
  {
    name: "redis-absent-at-start",
    codes: "F23",
    what: "Redis is not there when everything starts, and comes later",
    needs: { redisAbsent: true },
    inject: async (ground) => {
      const end = during(ground, "redis-absent-at-start", "killed");
      await Bun.sleep(ground.durationMs / 2);
      await ground.redis.start();
      ground.nemesis.fired("redis-absent-at-start", ground.roles.running().length);
      end();
    },
  },
];

/** Who talks to a store over a connection of its own. */
export const storeClients: readonly RoleTarget[] = ["web", "worker", "outbox", "cron"];
