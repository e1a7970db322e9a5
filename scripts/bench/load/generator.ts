/**
 * The load generator and the platforms that receive the replies: one process of its own, told over IPC what to do (commands.ts), so that
 * what it costs is seen apart from what it measures. Ends when the bench does.
 */
import { type Command, commandShape, type Report } from "./commands.ts";
import { postAll } from "./paces.ts";
import { type Client, LoadRun } from "./run.ts";
import { openSink } from "./sink.ts";

const runs = new Map<string, LoadRun>();
const clients = new Map<number, { readonly run: LoadRun; readonly client: Client }>();

function report(told: Report): void {
  process.send?.(told);
}

function runOf(name: string): LoadRun {
  const run = runs.get(name);
  if (run === undefined) throw new Error(`there is no run ${name}`);
  return run;
}

function forget(name: string): null {
  for (const { id } of runOf(name).clients) clients.delete(id);
  runs.delete(name);
  return null;
}

async function obey(command: Command): Promise<unknown> {
  switch (command.do) {
    case "prepare": {
      const run = new LoadRun(command.plan);
      runs.set(command.run, run);
      for (const client of run.clients) clients.set(client.id, { run, client });
      return { messages: run.messages };
    }
    case "post": {
      const run = runOf(command.run);
      await run.patiently(postAll(run, command.pace), command.patienceMs);
      return run.posted();
    }
    case "settle": {
      const run = runOf(command.run);
      await run.patiently(run.complete(), command.patienceMs);
      forget(command.run);
      return run.settled();
    }
    case "forget":
      return forget(command.run);
    case "progress":
      return runOf(command.run).progress();
  }
}

async function answer(message: unknown): Promise<void> {
  const { number, command } = commandShape.parse(message);
  try {
    report({ type: "answer", number, result: await obey(command) });
  } catch (error) {
    report({ type: "failed", number, reason: error instanceof Error ? error.message : "failed" });
  }
}

const sink = openSink((reply) => {
  const known = clients.get(reply.client);
  known?.run.hear(known.client, reply);
});
process.on("message", (message) => void answer(message));
process.on("disconnect", () => process.exit(0));
report({ type: "ready", sinkPort: sink.port });
