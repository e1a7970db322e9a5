import { join } from "node:path";
import { projectFolder } from "../../services/folders.ts";
import { freePort } from "../../services/ports.ts";
import type { Target } from "../load/commands.ts";
import { controlsOf, Processes, type Program } from "./processes.ts";
import type { Contender, RunningSystem, Surroundings } from "./system.ts";

type Role = "web" | "worker" | "outbox";

/** How many processes of each role. */
export type RoleCounts = Readonly<Record<Role, number>>;

/** The account's token, which also signs its webhooks. */
export const token = "bench-token";
const oneEach: RoleCounts = { web: 1, worker: 1, outbox: 1 };

/** Hookdesk as it is in this clone, one process of each role: as many as a peer with one server and one worker has, and its sender. */
export const hookdesk: Contender = hookdeskWith(oneEach);

/** Hookdesk with other numbers of processes. */
export function hookdeskWith(roles: RoleCounts): Contender {
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
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const processes = new Processes("hookdesk", surroundings);
  for (const given of programs(roles, "web"))
    await processes.startDoor(program(surroundings, { ...given, port }));
  const startWorkers = async (): Promise<void> => {
    for (const given of [...programs(roles, "worker"), ...programs(roles, "outbox")])
      await processes.startWorker(program(surroundings, { ...given, port }));
    await processes.ready(() => isWell(`${url}/health`));
  };
  if (workers) await startWorkers();
  else await processes.ready(() => isWell(`${url}/health/ready`));
  return {
    ...controlsOf(processes),
    target: targetOf(port),
    startWorkers,
    accepted: () => journalled(surroundings),
  };
}

type Numbered = { readonly role: Role; readonly number: number };

function programs(roles: RoleCounts, role: Role): readonly Numbered[] {
  return Array.from({ length: roles[role] }, (_, index) => ({ role, number: index + 1 }));
}

function program(
  { stores, sinkUrl }: Surroundings,
  given: Numbered & { readonly port: number },
): Program {
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

function targetOf(port: number): Target {
  return { port, paths: ["/webhook/chat2desk"], dialect: "chat2desk", token };
}

async function journalled({ stores }: Surroundings): Promise<number> {
  const { rows } = await stores.sql.query<{ count: string }>("SELECT count(*) FROM journal");
  return Number(rows[0]?.count);
}

/** With several web processes one of them answers, which is enough: all share one database. */
async function isWell(url: string): Promise<boolean> {
  const told: unknown = await (await fetch(url)).json();
  return typeof told === "object" && told !== null && "status" in told && told.status === "ok";
}
