import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { startChild } from "./child.ts";
import { logsFolder, projectFolder } from "./folders.ts";
import type { Part } from "./part.ts";
import { freePort } from "./ports.ts";
import { readiness } from "./readiness.ts";
import type { Services } from "./services.ts";

const readyMs = 15_000;
const stopMs = 5_000;
const tokenBytes = 16;
const log = join(logsFolder, "platform.log");
const readyLine = z.object({ ready: z.literal(true), port: z.number() });

/** A Chat2Desk of our own, when no real one is configured. */
export async function platformPart(
  services: Services,
  url: string,
  signal: AbortSignal,
): Promise<Part | undefined> {
  if ((process.env["CHAT2DESK_API_TOKEN"] ?? "") !== "") return undefined;
  const token = randomBytes(tokenBytes).toString("hex");
  const name = "The fake Chat2Desk";
  const child = startChild({
    name,
    command: process.execPath,
    args: [join(projectFolder, "scripts", "platform.ts")],
    cwd: projectFolder,
    env: {
      ...process.env,
      FAKE_CHAT2DESK_PORT: String(await freePort()),
      FAKE_CHAT2DESK_TOKEN: token,
      FAKE_CHAT2DESK_WEBHOOK_URL: `${url}/webhook/chat2desk`,
    },
    output: { file: log },
    stopDeadlineMs: stopMs,
  });
  await services.keep(child);
  const port = await readiness(child, {
    log,
    deadlineMs: readyMs,
    signal,
    ask: () => announcedPort(log),
  });
  const where = `http://127.0.0.1:${port}`;
  return {
    row: { name: "Chat2Desk", where, note: "a fake one, as CHAT2DESK_API_TOKEN is not set" },
    environment: {
      CHAT2DESK_API_URL: where,
      CHAT2DESK_API_TOKEN: token,
      FAKE_CHAT2DESK_URL: where,
      FAKE_CHAT2DESK_TOKEN: token,
    },
  };
}

/** The port in the line `{"ready":true,"port":N}` of the platform's output. */
function announcedPort(log: string): number | undefined {
  for (const line of readFileSync(log, "utf8").split("\n")) {
    if (!line.includes('"ready"')) continue;
    const parsed = readyLine.safeParse(parsedOrNull(line));
    if (parsed.success) return parsed.data.port;
  }
  return undefined;
}

function parsedOrNull(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
