import { setTimeout as delay } from "node:timers/promises";
import type { Pace } from "./commands.ts";
import { Connection } from "./connection.ts";
import type { LoadRun } from "./run.ts";

/** Connections of a load whose instants are laid down before: enough for a server that answers late. */
const connectionsAtRate = 256;

/** Sends all messages of a run in the given way; resolves when all are acknowledged. */
export async function postAll(run: LoadRun, pace: Pace): Promise<void> {
  const { port } = run.plan.target;
  const count = pace.type === "rate" ? connectionsAtRate : pace.concurrency;
  const connections = Array.from({ length: count }, () => new Connection(port));
  run.begin();
  await sendBy(run, pace, connections);
  for (const connection of connections) connection.close();
}

function sendBy(run: LoadRun, pace: Pace, connections: readonly Connection[]): Promise<unknown> {
  switch (pace.type) {
    case "walk":
      return walk(run, pace.next === "answered", connections);
    case "rotate":
      return rotate(run, connections);
    case "rate":
      return atRate(run, pace.perSecond, connections);
  }
}

async function walk(
  run: LoadRun,
  awaitAnswers: boolean,
  connections: readonly Connection[],
): Promise<void> {
  const { from, to } = run.plan;
  const waiting = run.clients.entries();
  const one = async (connection: Connection): Promise<void> => {
    for (const [index, client] of waiting) {
      for (let message = from; message < to; message += 1) {
        await run.send(index, connection);
        if (awaitAnswers) await run.answerTo(client);
      }
    }
  };
  await Promise.all(connections.map(one));
}

async function rotate(run: LoadRun, connections: readonly Connection[]): Promise<void> {
  const waiting = turns(run);
  const one = async (connection: Connection): Promise<void> => {
    for (const index of waiting) await sendInTurn(run, index, { connection, at: null });
  };
  await Promise.all(connections.map(one));
}

/** The places of the clients, round after round. */
function* turns(run: LoadRun): Generator<number> {
  for (let turn = 0; turn < run.messages; turn += 1) yield turn % run.clients.length;
}

type Sending = { readonly connection: Connection; readonly at: number | null };

/** A client's next message, when the former is acknowledged. */
async function sendInTurn(run: LoadRun, index: number, sending: Sending): Promise<void> {
  const client = run.clients[index];
  if (client === undefined) return;
  while (client.posting !== null) await client.posting;
  client.posting = run.send(index, sending.connection, sending.at);
  await client.posting;
  client.posting = null;
}

async function atRate(
  run: LoadRun,
  perSecond: number,
  connections: readonly Connection[],
): Promise<void> {
  const free = [...connections];
  const waiting: { readonly index: number; readonly at: number }[] = [];
  const carrying = new Set<Promise<void>>();
  const begin = performance.now();

  const carry = async (connection: Connection): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      await sendInTurn(run, next.index, { connection, at: next.at });
    free.push(connection);
  };

  let turn = 0;
  for (const index of turns(run)) {
    // Whole milliseconds, because that is how finely a timer wakes; it may wake too early.
    const at = begin + Math.floor((turn * 1_000) / perSecond);
    for (let now = performance.now(); now < at; now = performance.now()) await delay(at - now);
    waiting.push({ index, at });
    const connection = free.pop();
    if (connection !== undefined) {
      const carried = carry(connection);
      carrying.add(carried);
      void carried.then(() => carrying.delete(carried));
    }
    turn += 1;
  }
  await Promise.all(carrying);
}
