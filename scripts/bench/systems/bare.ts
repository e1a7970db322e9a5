import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../../services/ports.ts";
import { answersAt, controlsOf, Processes } from "./processes.ts";
import type { Contender, RunningSystem, Surroundings } from "./system.ts";

const program = fileURLToPath(import.meta.resolve("./bare-server.ts"));

/** A Bun.serve that parses the body and answers. */
export const bareServe = bare("bare", false);
/** The same with a single write to Redis before the answer. */
export const bareServeRedis = bare("bare+redis", true);

function bare(name: string, writes: boolean): Contender {
  return { name, kind: "bare", start: (given) => startBare(name, writes, given) };
}

async function startBare(
  name: string,
  writes: boolean,
  given: Surroundings,
): Promise<RunningSystem> {
  const port = await freePort();
  const processes = new Processes(name, given);
  await processes.startDoor({
    name: "server",
    command: process.execPath,
    args: ["--no-env-file", program],
    cwd: dirname(program),
    env: {
      PATH: process.env["PATH"],
      PORT: String(port),
      ...(writes ? { REDIS_PORT: String(given.stores.redisPort) } : {}),
    },
  });
  await processes.ready(() => answersAt(`http://127.0.0.1:${port}/`));
  return {
    ...controlsOf(processes),
    target: { port, paths: ["/webhook"], dialect: "chat2desk", token: "" },
    startWorkers: async () => undefined,
    accepted: async () => (writes ? given.stores.redis.llen("webhooks") : null),
  };
}
