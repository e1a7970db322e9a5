import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { CannotStart, type Service } from "../../services/service.ts";
import {
  type Command,
  type Pace,
  type Plan,
  type Posted,
  postedShape,
  preparedShape,
  type Progress,
  progressShape,
  reportShape,
  type Settled,
  settledShape,
} from "./commands.ts";

/** The generator as the bench sees it. Every call rejects when the generator is gone. */
export type Generator = Service & {
  /** Where the systems under test send their replies, for both platforms. */
  readonly sinkUrl: string;
  readonly prepare: (plan: Plan) => Promise<Load>;
};

/** One load that is ready to be sent. */
export type Load = {
  readonly post: (pace: Pace) => Promise<Posted>;
  /** Waits for the replies, as long as any arrives within the patience; the load is over then. */
  readonly settle: (patienceMs?: number) => Promise<Settled>;
  /** Ends the load without waiting for replies. */
  readonly forget: () => Promise<unknown>;
  readonly progress: () => Promise<Progress>;
};

const program = fileURLToPath(import.meta.resolve("./generator.ts"));
const logMode = 0o600;
const stopDeadlineMs = 2_000;
/** Nothing acknowledged and nothing answered for this long: what is missing never comes. */
const patienceMs = 20_000;

/** Starts the generator; `log` takes what it complains about. */
export async function startGenerator(log: string): Promise<Generator> {
  const output = openSync(log, "a", logMode);
  const child = spawn(process.execPath, ["--no-env-file", program], {
    stdio: ["ignore", output, output, "ipc"],
    env: { PATH: process.env["PATH"] },
    detached: true,
  });
  closeSync(output);
  const ended = Promise.withResolvers<string>();
  const ready = Promise.withResolvers<number>();
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let number = 0;

  child.on("error", () => ended.resolve("could not be started"));
  child.on("exit", (code) => ended.resolve(`ended with code ${code}`));
  child.on("message", (message) => {
    const told = reportShape.parse(message);
    if (told.type === "ready") return ready.resolve(told.sinkPort);
    const asked = waiting.get(told.number);
    waiting.delete(told.number);
    if (told.type === "answer") asked?.resolve(told.result);
    else asked?.reject(new Error(`the generator: ${told.reason}`));
  });
  void ended.promise.then((how) => {
    const reason = new CannotStart(`The generator ${how}, see ${log}.`);
    ready.reject(reason);
    for (const { reject } of waiting.values()) reject(reason);
  });

  const ask = async <Shape extends z.ZodType>(
    command: Command,
    shape: Shape,
  ): Promise<z.infer<Shape>> => {
    number += 1;
    const asked = Promise.withResolvers<unknown>();
    waiting.set(number, asked);
    child.send({ number, command });
    return shape.parse(await asked.promise);
  };
  const stop = async (): Promise<void> => {
    if (child.connected) child.disconnect();
    const timer = setTimeout(() => child.kill("SIGKILL"), stopDeadlineMs);
    await ended.promise;
    clearTimeout(timer);
  };
  const { pid } = child;
  if (pid === undefined) throw new CannotStart("The generator could not be started.");
  const sinkPort = await ready.promise;
  let runs = 0;
  return {
    name: "generator",
    pid,
    exited: ended.promise,
    stop,
    sinkUrl: `http://127.0.0.1:${sinkPort}`,
    prepare: async (plan) => {
      runs += 1;
      const run = `run-${runs}`;
      await ask({ do: "prepare", run, plan }, preparedShape);
      return {
        post: (pace) => ask({ do: "post", run, pace, patienceMs }, postedShape),
        settle: (patience = patienceMs) =>
          ask({ do: "settle", run, patienceMs: patience }, settledShape),
        forget: () => ask({ do: "forget", run }, z.null()),
        progress: () => ask({ do: "progress", run }, progressShape),
      };
    },
  };
}
