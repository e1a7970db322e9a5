import { describe, expect, test } from "bun:test";
import type { Plan, Settled } from "../../../scripts/bench/load/commands.ts";
import { answers } from "../../../scripts/bench/load/dialog.ts";
import { type Client, LoadRun } from "../../../scripts/bench/load/run.ts";

const plan: Plan = {
  target: { port: 1, paths: ["/"], dialect: "chat2desk", token: "t" },
  clients: { first: 7, count: 2, stride: 10 },
  from: 0,
  to: 5,
  redeliver: false,
  keepArrivals: false,
};
const accepting = { request: () => Promise.resolve(200) };

/** What a bot without fault answers to a client's five messages. */
function repliesTo(client: number): readonly string[] {
  const phone = `+3461${String(client).padStart(7, "0")}`;
  const summary = `Bench street ${client}, ${phone}, ${(client % 50) + 1}?`;
  return ["Your address?", "Your phone?", "How many?", summary, "Thank you!"];
}

/** Sends everything, lets the bot answer as told, and judges. */
async function settled(answer: (client: Client) => readonly string[]): Promise<Settled> {
  const run = new LoadRun(plan);
  run.begin();
  for (const [index, client] of run.clients.entries()) {
    for (let message = 0; message < 5; message += 1) await run.send(index, accepting);
    for (const text of answer(client))
      run.hear(client, { client: client.id, text, at: performance.now() });
  }
  return run.settled();
}

describe("a load", () => {
  test("whose clients all got their replies in order has no broken dialog", async () => {
    expect(await settled(({ id }) => repliesTo(id))).toMatchObject({
      messages: 10,
      answered: 10,
      brokenDialogs: 0,
      missingReplies: 0,
      extraReplies: 0,
    });
  });

  test("counts a client whose replies came in another order", async () => {
    const swapped = (texts: readonly string[]) => [texts[1], texts[0], ...texts.slice(2)];
    const found = await settled(({ id }) =>
      id === 7 ? swapped(repliesTo(id)).map(String) : repliesTo(id),
    );
    expect(found).toMatchObject({ brokenDialogs: 1, answered: 10 });
  });

  test("counts a client who got another one's data", async () => {
    const found = await settled(({ id }) => repliesTo(id === 7 ? 17 : id));
    expect(found.brokenDialogs).toBe(1);
  });

  test("counts replies that never came and replies too many", async () => {
    const short = await settled(({ id }) => repliesTo(id).slice(0, id === 7 ? 3 : 5));
    expect(short).toMatchObject({ brokenDialogs: 1, missingReplies: 2, extraReplies: 0 });
    const long = await settled(({ id }) =>
      id === 7 ? [...repliesTo(id), "Thank you!"] : repliesTo(id),
    );
    expect(long).toMatchObject({ brokenDialogs: 1, missingReplies: 0, extraReplies: 1 });
  });

  test("counts webhooks that were refused or not answered", async () => {
    const run = new LoadRun(plan);
    const statuses = [200, 503, 0, 200, 200];
    run.begin();
    for (const status of statuses) await run.send(0, { request: () => Promise.resolve(status) });
    expect(run.posted()).toMatchObject({ messages: 5, refused: 2, unaccepted: 2 });
  });

  test("delivers a refused webhook again, byte for byte, when it is told to", async () => {
    const run = new LoadRun({ ...plan, redeliver: true });
    const bodies: Uint8Array[] = [];
    run.begin();
    await run.send(0, {
      request: async (bytes) => {
        bodies.push(bytes);
        return bodies.length === 1 ? 503 : 200;
      },
    });
    expect(bodies[1]).toEqual(bodies[0]);
    expect(run.posted()).toMatchObject({ messages: 1, refused: 1, unaccepted: 0 });
  });
});

test("a reply to one message of the dialog is no reply to another", () => {
  const texts = repliesTo(7);
  for (const [message, text] of texts.entries())
    for (let other = 0; other < texts.length; other += 1)
      expect(answers(7, other, text)).toBe(other === message);
});
