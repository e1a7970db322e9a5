import { join } from "node:path";
import { projectFolder } from "../../services/folders.ts";
import { freePort } from "../../services/ports.ts";
import type { Service } from "../../services/service.ts";
import { Processes } from "./processes.ts";
import type { Contender, RunningSystem, Surroundings } from "./system.ts";

type Role = "web" | "worker" | "outbox";

/** How many processes of each role. */
export type RoleCounts = Readonly<Record<Role, number>>;

const token = "bench-token";
const oneEach: RoleCounts = { web: 1, worker: 1, outbox: 1 };

/** Hookdesk as it is in this clone, one process of each role: as many as a peer with one server and one worker has, and its sender. */
export const hookdesk: Contender = hookdeskWith(oneEach);

/** Hookdesk with other numbers of processes. */
function hookdeskWith(roles: RoleCounts): Contender {
  return {
    name: "hookdesk",
    kind: "queue",
    start: (surroundings, workers) => startHookdesk(roles, surroundings, workers),
  };
}

async function startHookdesk(
  roles: RoleCounts,
  surroundings: Surroundings,
  workers: boolean,
): Promise<RunningSystem> {
  const { stores } = surroundings;
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const processes = new Processes("hookdesk", surroundings);
  const startAll = async (role: Role): Promise<Service[]> => {
    const started: Service[] = [];
    for (let number = 1; number <= roles[role]; number += 1)
      started.push(await processes.start(program(surroundings, { role, number, port })));
    return started;
  };
  const web = await startAll("web");
  const startWorkers = async (): Promise<void> => {
    await startAll("worker");
    await startAll("outbox");
    await allReady(processes, web, () => isWell(`${url}/health`));
  };
  try {
    if (workers) await startWorkers();
    else await allReady(processes, web, () => isWell(`${url}/health/ready`));
  } catch (error) {
    await processes.stop();
    throw error;
  }
  return {
    name: "hookdesk",
    target: { port, path: "/webhook/chat2desk", dialect: "chat2desk", token },
    costing: () => processes.costing(),
    startWorkers,
    accepted: async () => {
      const { rows } = await stores.sql.query<{ count: string }>("SELECT count(*) FROM journal");
      return Number(rows[0]?.count);
    },
    stop: () => processes.stop(),
  };
}

function program(
  { stores, sinkUrl }: Surroundings,
  given: { readonly role: Role; readonly number: number; readonly port: number },
) {
  return {
    name: `${given.role}-${given.number}`,
    command: process.execPath,
    args: ["--no-env-file", join("src", "main.ts"), `--role=${given.role}`],
    cwd: projectFolder,
    env: {
      PATH: process.env["PATH"],
      HOST: "127.0.0.1",
      PORT: String(given.port),
      DATABASE_URL: stores.databaseUrl,
      REDIS_URL: stores.redisUrl,
      CHAT2DESK_API_URL: sinkUrl,
      CHAT2DESK_API_TOKEN: token,
      // The limit is in force, but high enough never to be met.
      CHAT2DESK_RATE_LIMIT: "1000000/60s",
      LOG_LEVEL: "warn",
    },
  };
}

async function allReady(
  processes: Processes,
  [first]: readonly Service[],
  ask: () => Promise<boolean>,
): Promise<void> {
  if (first === undefined) throw new Error("Hookdesk needs a web process");
  await processes.ready(first, ask);
}

/** With several web processes one of them answers, which is enough: all share one database. */
async function isWell(url: string): Promise<boolean> {
  const told: unknown = await (await fetch(url)).json();
  return typeof told === "object" && told !== null && "status" in told && told.status === "ok";
}
