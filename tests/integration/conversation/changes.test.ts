import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { ChannelEvent } from "../../../src/message/event.ts";
import { eventually } from "../../support/eventually.ts";
import { clientMessage, openWorkbench, type Workbench } from "../../support/workbench.ts";

/** What happens to messages after they were written: edits, deletions, reactions and what became of them. */
let bench: Workbench;
beforeAll(async () => {
  bench = await openWorkbench();
});
afterAll(() => bench.close());

/** Applies events of one client, each as a webhook of its own. */
async function apply(client: string, ...events: readonly ChannelEvent[]): Promise<void> {
  for (const event of events) {
    const key = crypto.randomUUID();
    await bench.post(await bench.storeWebhook([{ key, client, event }]));
    await bench.worker.drain();
  }
}

/** Applies them together, in one commit. */
async function applyAtOnce(client: string, events: readonly ChannelEvent[]): Promise<void> {
  const plain = events.map((event) => ({ key: crypto.randomUUID(), client, event }));
  await bench.post(await bench.storeWebhook(plain));
  await bench.worker.drain();
}

type Row = {
  readonly seq: string;
  readonly author: string;
  readonly text: string;
  readonly visibility: string;
  readonly reactions: unknown;
  readonly receipt: string | null;
  readonly failure: string | null;
  readonly reply_to: string | null;
};
const rowsOf = (client: string) =>
  bench.database.rows<Row>(
    "SELECT seq, author, text, visibility, reactions, receipt, failure, reply_to FROM messages WHERE conv = $1 ORDER BY seq",
    [bench.conversation(client)],
  );
const versionsOf = (client: string) =>
  bench.database.rows<{ text: string }>(
    "SELECT text FROM message_versions WHERE conv = $1 ORDER BY seq, n",
    [bench.conversation(client)],
  );
const edit = (messageId: string, text: string, platformAt: number | null = null): ChannelEvent => ({
  type: "message_edited",
  messageId,
  author: "client",
  content: { text, parts: [] },
  platformAt,
});
const react = (messageId: string, id: string, ...emoji: readonly string[]): ChannelEvent => ({
  type: "reaction_changed",
  messageId,
  sender: { id, name: null },
  emoji,
});
const receipt = (status: "sent" | "delivered" | "read" | "failed", messageId: string) =>
  ({
    type: "receipt",
    status,
    of: { kind: "message", messageId },
    detail: status === "failed" ? "131026" : null,
  }) as const satisfies ChannelEvent;

describe("an edit", () => {
  test("shows the new words and keeps every earlier version, and the bot does not answer again", async () => {
    await apply(
      "editor",
      clientMessage("m1", "frist"),
      edit("m1", "first", 2_000),
      edit("m1", "First!", 3_000),
    );
    const [message, reply, ...more] = await rowsOf("editor");
    expect([message?.text, reply?.author, more]).toEqual(["First!", "bot", []]);
    expect((await versionsOf("editor")).map(({ text }) => text)).toEqual(["frist", "first"]);
  });

  test("that is older than the one shown is kept and not shown", async () => {
    await apply(
      "late",
      clientMessage("m1", "one"),
      edit("m1", "three", 3_000),
      edit("m1", "two", 2_000),
    );
    expect((await rowsOf("late"))[0]?.text).toBe("three");
    expect((await versionsOf("late")).map(({ text }) => text)).toEqual(["one", "two"]);
  });

  test("of a message that nobody knew begins with this version, also twice in one commit", async () => {
    await applyAtOnce("unknown", [edit("old", "once"), edit("old", "twice")]);
    expect((await rowsOf("unknown")).map(({ text, author }) => [author, text])).toEqual([
      ["client", "twice"],
    ]);
    expect((await versionsOf("unknown")).map(({ text }) => text)).toEqual(["once"]);
  });
});

test("a deletion hides the message and forgets nothing", async () => {
  const deleted: ChannelEvent = { type: "messages_deleted", messageIds: ["m2", "nobody's"] };
  await apply("deleter", clientMessage("m1", "stays"), clientMessage("m2", "goes"), deleted);
  const rows = (await rowsOf("deleter")).filter(({ author }) => author === "client");
  expect(rows.map(({ text, visibility }) => [text, visibility])).toEqual([
    ["stays", "visible"],
    ["goes", "deleted"],
  ]);
});

describe("a reaction", () => {
  test("stands with the message, one set per person, and goes when it is taken back", async () => {
    await apply(
      "reactor",
      clientMessage("m1", "hi"),
      react("m1", "7", "👍"),
      react("m1", "8", "❤", "🔥"),
    );
    expect((await rowsOf("reactor"))[0]?.reactions).toEqual({
      "7": { name: null, emoji: ["👍"] },
      "8": { name: null, emoji: ["❤", "🔥"] },
    });
    await apply("reactor", react("m1", "8"), react("m1", "7"));
    expect((await rowsOf("reactor"))[0]?.reactions).toBeNull();
  });

  test("to a message that nobody knew is a line of its own", async () => {
    await apply("stranger", react("elsewhere", "7", "👍", "🎉"));
    expect(await rowsOf("stranger")).toMatchObject([
      { author: "platform", text: "👍 🎉", reply_to: "elsewhere" },
    ]);
  });
});

describe("what became of a message", () => {
  /** As if the bot's reply had been sent under this id. */
  const sent = (client: string, messageId: string, outcome = "sent") =>
    bench.database.rows(
      `WITH gone AS (DELETE FROM outbox WHERE conv = $1 RETURNING *)
       INSERT INTO attempts (tenant_id, conv, seq, n, origin_id, started_at, outcome, message_id)
       SELECT tenant_id, conv, seq, 1, origin_id, now(), $3, $2 FROM gone`,
      [bench.conversation(client), messageId, outcome],
    );
  const reply = async (client: string) =>
    (await rowsOf(client)).find(({ author }) => author === "bot");

  test("only ever comes further, in whatever order it is told, and a failure stands beside it", async () => {
    await apply("r1", clientMessage("r1-in", "hello"));
    await sent("r1", "out-1");
    const order = ["read", "sent", "delivered", "failed", "read"] as const;
    for (const status of order) await apply("r1", receipt(status, "out-1"));
    expect(await reply("r1")).toMatchObject({ receipt: "read", failure: "131026" });
  });

  test("waits for the end of a send that is in flight", async () => {
    await apply("r2", clientMessage("r2-in", "hello"));
    const conv = bench.conversation("r2");
    await bench.database.rows("UPDATE outbox SET status = 'sending', token = 't' WHERE conv = $1", [
      conv,
    ]);
    await apply("r2", receipt("delivered", "out-2"));
    const pending = "SELECT count(*) FROM pending WHERE conv = $1";
    expect(await bench.database.count(pending, [conv])).toBe(1);
    await sent("r2", "out-2");
    await eventually("the receipt is applied", async () => {
      await bench.lanes.reap();
      await bench.worker.drain();
      return (await bench.database.count(pending, [conv])) === 0;
    });
    expect(await reply("r2")).toMatchObject({ receipt: "delivered" });
  });

  test("up to a time covers everything sent before it", async () => {
    await apply("r3", clientMessage("r3-in", "hello"));
    await sent("r3", "out-3");
    const until = (at: number): ChannelEvent => ({
      type: "receipt",
      status: "read",
      of: { kind: "until", at },
      detail: null,
    });
    await apply("r3", until(1_000));
    expect(await reply("r3")).toMatchObject({ receipt: null });
    await apply("r3", until(4_102_444_800_000));
    expect(await reply("r3")).toMatchObject({ receipt: "read" });
  });

  test("told before anybody knew the message's id reaches it when the id is known", async () => {
    await apply("r4", clientMessage("r4-in", "hello"));
    const text = (await reply("r4"))?.text ?? "";
    await bench.database.rows(
      `WITH gone AS (DELETE FROM outbox WHERE conv = $1 RETURNING *)
       INSERT INTO attempts (tenant_id, conv, seq, n, origin_id, started_at, outcome, declared_unknown_at)
       SELECT tenant_id, conv, seq, 1, origin_id, now(), 'unknown', now() FROM gone`,
      [bench.conversation("r4")],
    );
    await apply("r4", receipt("delivered", "out-4"), {
      type: "outbound_message",
      messageId: "out-4",
      author: "automatic",
      operatorId: null,
      content: { text, parts: [] },
      context: null,
      live: true,
      platformAt: null,
    });
    expect(await reply("r4")).toMatchObject({ receipt: "delivered" });
  });
});

test("who blocks us cannot be reached until they let us write again", async () => {
  const reachable = (given: boolean): ChannelEvent => ({
    type: "reachability_changed",
    reachable: given,
  });
  const seen = () =>
    bench.database.rows<{ reachable: boolean }>(
      "SELECT reachable FROM contact_identities WHERE identity = 'blocker'",
    );
  await apply("blocker", reachable(false));
  expect(await seen()).toEqual([{ reachable: false }]);
  await apply("blocker", reachable(true));
  expect(await seen()).toEqual([{ reachable: true }]);
});
