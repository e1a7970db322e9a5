import { readFileSync } from "node:fs";
import { shown } from "./folders.ts";
import { CannotStart, type Service } from "./service.ts";
import { until } from "./until.ts";

const readyPollMs = 100;
const logLinesShown = 5;

export type Readiness<Answer> = {
  readonly log: string;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  readonly ask: () => Promise<Answer | undefined> | Answer | undefined;
};

/** Waits for the first answer; rejects with the end of the log when the child dies or takes too long. */
export async function readiness<Answer>(
  { name, exited }: Service,
  { log, deadlineMs, signal, ask }: Readiness<Answer>,
): Promise<Answer> {
  const ended = new AbortController();
  let end = `is not ready after ${deadlineMs / 1000} s`;
  void exited.then((how) => {
    end = `${how} while it started`;
    ended.abort();
  });
  const answer = await until(ask, {
    deadlineMs,
    everyMs: readyPollMs,
    signal: AbortSignal.any([signal, ended.signal]),
  });
  signal.throwIfAborted();
  if (answer !== undefined) return answer;
  const tail = readFileSync(log, "utf8").trimEnd().split("\n").slice(-logLinesShown).join("\n");
  throw new CannotStart(`${name} ${end}. The end of ${shown(log)}:\n${tail}`);
}
