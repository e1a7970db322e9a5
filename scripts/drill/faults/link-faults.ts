import type { ProxyMode } from "../fault-proxy.ts";
import type { Target } from "../histories.ts";
import { type Fault, type Ground, proxyOf } from "./fault.ts";

const partitionMs = 6_000;

async function partition(
  ground: Ground,
  name: string,
  given: { readonly links: readonly Target[]; readonly mode: ProxyMode },
): Promise<void> {
  const proxies = given.links.map((link) => proxyOf(ground, link));
  const ends = given.links.map((target) =>
    ground.nemesis.begin({ fault: name, target, kind: "cut", note: given.mode.type }),
  );
  const before = proxies.reduce((sum, { touched }) => sum + touched, 0);
  for (const proxy of proxies) proxy.set(given.mode);
  await Bun.sleep(Math.min(partitionMs, ground.durationMs));
  for (const proxy of proxies) proxy.heal();
  ground.nemesis.fired(name, proxies.reduce((sum, { touched }) => sum + touched, 0) - before);
  for (const end of ends) end();
}

function partitioned(
  link: Exclude<Target, "web" | "worker" | "outbox" | "cron" | "redis" | "postgres" | "platform">,
  types: readonly ("hold" | "drop" | "refuse")[],
): readonly Fault[] {
  return types.map((type) => ({
    name: `${link}-${words[type]}`,
    codes: "F35",
    what: `nothing passes between ${link.replace("-", " and ")} for seconds: ${explained[type]}`,
    needs: {},
    inject: (ground: Ground) =>
      partition(ground, `${link}-${words[type]}`, { links: [link], mode: { type } }),
  }));
}

const words = { hold: "partitioned", drop: "blackholed", refuse: "refused" } as const;
const explained = {
  hold: "bytes wait and arrive late",
  drop: "bytes vanish, connections break when it is over",
  refuse: "connections are reset",
} as const;

export const linkFaults: readonly Fault[] = [
  ...partitioned("web-postgres", ["hold", "drop", "refuse"]),
  ...partitioned("worker-postgres", ["hold", "drop"]),
  ...partitioned("outbox-postgres", ["hold", "drop"]),
  ...partitioned("web-redis", ["hold", "refuse"]),
  ...partitioned("worker-redis", ["hold", "drop"]),
  ...partitioned("outbox-redis", ["hold", "drop"]),
  // Bytes that wait on this road would arrive all at once, in a window for which nobody granted them.
  ...partitioned("outbox-platform", ["drop", "refuse"]),
  ...partitioned("platform-web", ["drop", "refuse"]),
  {
    name: "postgres-hangs",
    codes: "F31",
    what: "PostgreSQL takes every byte and answers nobody",
    needs: {},
    inject: (ground) =>
      partition(ground, "postgres-hangs", {
        links: ["web-postgres", "worker-postgres", "outbox-postgres", "cron-postgres"],
        mode: { type: "drop" },
      }),
  },
];
