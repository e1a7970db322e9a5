import { join } from "node:path";
import { shown, stateFolder } from "./folders.ts";
import type { Part } from "./part.ts";
import { startPostgres } from "./postgres.ts";
import { startRedis } from "./redis.ts";
import type { Services } from "./services.ts";

function say(line: string): void {
  console.log(line);
}

/** Host and port of an address that may carry a password. */
function publicPart(url: string): string {
  return URL.canParse(url) ? new URL(url).host : "see the environment";
}

/** The PostgreSQL of DATABASE_URL, else an embedded one. */
export async function postgresPart(services: Services): Promise<Part> {
  const given = process.env["DATABASE_URL"];
  if (given !== undefined && given !== "") {
    const row = { name: "PostgreSQL", where: publicPart(given), note: "from DATABASE_URL" };
    return { row, environment: { DATABASE_URL: given } };
  }
  const dataDir = join(stateFolder, "postgres");
  const server = await services.keep(await startPostgres({ dataDir, keep: true, say }));
  const where = `127.0.0.1:${server.port}`;
  const row = { name: "PostgreSQL", where, note: `data in ${shown(server.dataDir)}` };
  return { row, environment: { DATABASE_URL: server.url } };
}

/** The Redis of REDIS_URL, else an embedded one. */
export async function redisPart(services: Services): Promise<Part> {
  const given = process.env["REDIS_URL"];
  if (given !== undefined && given !== "") {
    const row = { name: "Redis", where: publicPart(given), note: "from REDIS_URL" };
    return { row, environment: { REDIS_URL: given } };
  }
  const dataDir = join(stateFolder, "redis");
  const server = await services.keep(await startRedis({ dataDir, keep: true, say }));
  const where = `127.0.0.1:${server.port}`;
  const row = { name: "Redis", where, note: `data in ${shown(server.dataDir)}` };
  return { row, environment: { REDIS_URL: server.url } };
}
