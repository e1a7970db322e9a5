import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { ChannelEvent, ContactProfile } from "../../../src/message/event.ts";
import { openWorkbench, type Workbench } from "../../support/workbench.ts";
import { applied, passTime, pendingOf, untilApplied } from "./scene.ts";

let bench: Workbench;
beforeAll(async () => {
  bench = await openWorkbench();
});
afterAll(() => bench.close());

/** Commits and posts events of one client in one webhook, and applies them in one batch. */
async function happened(client: string, events: readonly ChannelEvent[]): Promise<void> {
  const plain = events.map((event) => ({ key: crypto.randomUUID(), client, event }));
  await bench.post(await bench.storeWebhook(plain));
  await bench.worker.drain();
}

const content = (text: string) => ({ text, parts: [] });
const fromOperator = (text: string, messageId: string = crypto.randomUUID()): ChannelEvent => ({
  type: "outbound_message",
  platformAt: null,
  messageId,
  author: "operator",
  operatorId: "9",
  content: content(text),
  context: null,
  live: true,
});
const noProfile: ContactProfile = {
  name: null,
  assignedName: null,
  phone: null,
  username: null,
  externalId: null,
};
const rowsOf = (table: string, client: string, columns: string) =>
  bench.database.rows(`SELECT ${columns} FROM ${table} WHERE conv = $1`, [
    bench.conversation(client),
  ]);

describe("several records of one row in one commit", () => {
  test("an operator who writes first begins the session and owns it: nothing is refused", async () => {
    await happened("first", [fromOperator("good day")]);
    expect(await pendingOf(bench, "first")).toBe(0);
    expect(await rowsOf("sessions", "first", "number, owner, owner_epoch")).toEqual([
      { number: 1, owner: "human", owner_epoch: 1 },
    ]);
    expect(await rowsOf("messages", "first", "author, text")).toEqual([
      { author: "operator", text: "good day" },
    ]);
  });

  test("a session taken over, given back and taken over again has the last word", async () => {
    await applied(bench, "back-and-forth", ["hello"]);
    await happened("back-and-forth", [
      fromOperator("one"),
      { type: "conversation_released", platformAt: null, by: "dialog", requestId: null },
      { type: "conversation_transferred", platformAt: null, operatorId: "9" },
    ]);
    expect(await rowsOf("sessions", "back-and-forth", "owner, owner_epoch")).toEqual([
      { owner: "human", owner_epoch: 3 },
    ]);
  });

  test("a tag that goes and comes is there, one that comes and goes is not", async () => {
    const tag = (tagId: string, change: "added" | "removed"): ChannelEvent => ({
      type: "tag_changed",
      change,
      tagId,
      on: { kind: "contact" },
    });
    await happened("tags", [tag("stays", "added")]);
    await happened("tags", [
      tag("stays", "removed"),
      tag("goes", "added"),
      tag("stays", "added"),
      tag("goes", "removed"),
    ]);
    expect(
      await bench.database.rows("SELECT tag_id FROM contact_tags WHERE identity = 'tags'"),
    ).toEqual([{ tag_id: "stays" }]);
    const onRequest = (change: "added" | "removed"): ChannelEvent => ({
      type: "tag_changed",
      change,
      tagId: "5",
      on: { kind: "request", requestId: "r-tags" },
    });
    await happened("tags", [onRequest("added"), onRequest("removed"), onRequest("added")]);
    expect(
      await bench.database.rows("SELECT tag_id FROM request_tags WHERE request_id = 'r-tags'"),
    ).toEqual([{ tag_id: "5" }]);
  });

  test("a profile keeps what later events do not name, and a block is not forgotten", async () => {
    const changed = (
      profile: Partial<ContactProfile>,
      change: "updated" | "blacklisted" = "updated",
    ): ChannelEvent => ({
      type: "contact_changed",
      change,
      profile: { ...noProfile, ...profile },
    });
    await happened("profile", [
      changed({ name: "Ada", phone: "+14155552671" }),
      changed({}, "blacklisted"),
      changed({ name: "Ada L." }),
      changed({ externalId: "x" }),
    ]);
    await happened("profile", [changed({ assignedName: "VIP" })]);
    expect(
      await bench.database.rows(
        "SELECT name, assigned_name, phone, external_id, blacklisted FROM contact_identities WHERE identity = 'profile'",
      ),
    ).toEqual([
      {
        name: "Ada L.",
        assigned_name: "VIP",
        phone: "+14155552671",
        external_id: "x",
        blacklisted: true,
      },
    ]);
  });

  test("a request opened and closed in one batch keeps its kind and both times", async () => {
    await happened("request", [
      { type: "request_opened", requestId: "r-1", kind: "common" },
      { type: "conversation_released", platformAt: null, by: "request", requestId: "r-1" },
      { type: "conversation_released", platformAt: null, by: "dialog", requestId: "r-1" },
    ]);
    expect(
      await bench.database.rows(
        "SELECT kind, opened_at IS NOT NULL AS opened, closed_at IS NOT NULL AS closed FROM requests",
      ),
    ).toEqual([{ kind: "common", opened: true, closed: true }]);
  });

  test("an operator who comes and goes is as the last event says", async () => {
    const shift = (online: boolean, status: string): ChannelEvent => ({
      type: "operator_changed",
      operatorId: "9",
      email: "o@example.org",
      online,
      status,
    });
    await happened("shift", [
      shift(true, "a"),
      shift(false, "b"),
      shift(true, "c"),
      shift(false, "d"),
    ]);
    expect(await bench.database.rows("SELECT online, status FROM platform_operators")).toEqual([
      { online: false, status: "d" },
    ]);
    expect(await bench.database.count("SELECT count(*) FROM pending")).toBe(0);
  });
});

describe("a message that comes back while the outbox works", () => {
  /** Makes the only delivery of a conversation be in flight, or end, as the outbox would. */
  async function sending(client: string): Promise<string> {
    const [row] = await bench.database.rows<{ seq: string }>(
      "UPDATE outbox SET status = 'sending', attempt = 1, token = 't', started_at = now() WHERE conv = $1 RETURNING seq",
      [bench.conversation(client)],
    );
    if (row === undefined) throw new Error("nothing to send");
    return row.seq;
  }
  async function ended(
    client: string,
    seq: string,
    outcome: string,
    messageId: string | null,
  ): Promise<void> {
    await bench.database.rows(
      `WITH done AS (DELETE FROM outbox WHERE conv = $1 AND seq = $2 RETURNING tenant_id, origin_id)
       INSERT INTO attempts (tenant_id, conv, seq, n, origin_id, started_at, outcome, message_id)
       SELECT tenant_id, $1, $2, 1, origin_id, now(), $3, $4 FROM done`,
      [bench.conversation(client), seq, outcome, messageId],
    );
  }
  const ownerOf = (client: string) => rowsOf("sessions", client, "owner");
  const replyOf = async (client: string) => {
    const [reply] = await bench.database.rows<{ text: string }>(
      "SELECT text FROM messages WHERE conv = $1 AND author = 'bot'",
      [bench.conversation(client)],
    );
    return reply?.text ?? "";
  };

  test("waits for the end of our send, and is then known as ours: the bot is not silenced", async () => {
    await applied(bench, "echo", ["hello"]);
    const seq = await sending("echo");
    await happened("echo", [fromOperator(await replyOf("echo"), "platform-1")]);
    expect(await pendingOf(bench, "echo")).toBe(1);
    await ended("echo", seq, "sent", "platform-1");
    await untilApplied(bench, "echo");
    expect(await ownerOf("echo")).toEqual([{ owner: "bot" }]);
    expect(await rowsOf("messages", "echo", "count(*)::int AS n")).toEqual([{ n: 2 }]);
  });

  test("waits, and is then an operator's, because our send got another id", async () => {
    await applied(bench, "foreign", ["hello"]);
    const seq = await sending("foreign");
    await happened("foreign", [fromOperator("I am here", "platform-3")]);
    expect(await ownerOf("foreign")).toEqual([{ owner: "bot" }]);
    await ended("foreign", seq, "sent", "platform-2");
    await untilApplied(bench, "foreign");
    expect(await ownerOf("foreign")).toEqual([{ owner: "human" }]);
  });

  test("waiting costs no attempt, and what came before it is applied at once", async () => {
    await applied(bench, "patience", ["hello"]);
    await sending("patience");
    const plain = [
      {
        key: crypto.randomUUID(),
        client: "patience",
        event: { type: "request_opened", requestId: "r-2", kind: "other" } as const,
      },
      { key: crypto.randomUUID(), client: "patience", event: fromOperator("?") },
    ];
    await bench.post(await bench.storeWebhook(plain));
    for (let look = 0; look < 8; look += 1) {
      await bench.worker.drain();
      await passTime(bench, "patience");
    }
    expect(
      await bench.database.rows("SELECT attempts FROM pending WHERE conv = $1", [
        bench.conversation("patience"),
      ]),
    ).toEqual([{ attempts: 0 }]);
    expect(
      await bench.database.count("SELECT count(*) FROM requests WHERE request_id = 'r-2'"),
    ).toBe(1);
    await bench.database.rows("DELETE FROM outbox");
    await untilApplied(bench, "patience");
  });

  test("settles an attempt that nobody answered, by its text, and drops the resend that has not begun", async () => {
    await applied(bench, "unknown", ["hello"]);
    const seq = await sending("unknown");
    await bench.database.rows(
      "UPDATE outbox SET status = 'pending', token = NULL WHERE conv = $1",
      [bench.conversation("unknown")],
    );
    await bench.database.rows(
      "INSERT INTO attempts (tenant_id, conv, seq, n, origin_id, started_at, outcome, declared_unknown_at) SELECT tenant_id, conv, seq, 1, origin_id, now(), 'unknown', now() FROM outbox WHERE conv = $1",
      [bench.conversation("unknown")],
    );
    await happened("unknown", [fromOperator(`<p>${await replyOf("unknown")}</p>`, "platform-4")]);
    expect(await rowsOf("attempts", "unknown", "seq, outcome, message_id, settled_by")).toEqual([
      { seq, outcome: "sent", message_id: "platform-4", settled_by: "echo" },
    ]);
    expect(await rowsOf("outbox", "unknown", "seq")).toEqual([]);
    expect(await ownerOf("unknown")).toEqual([{ owner: "bot" }]);
  });

  test("is known by its text when the platform took our message and told no id", async () => {
    await applied(bench, "no-id", ["hello"]);
    await ended("no-id", await sending("no-id"), "sent", null);
    await happened("no-id", [fromOperator(await replyOf("no-id"), "platform-5")]);
    expect(await ownerOf("no-id")).toEqual([{ owner: "bot" }]);
    expect(await rowsOf("attempts", "no-id", "outcome, message_id, settled_by")).toEqual([
      { outcome: "sent", message_id: "platform-5", settled_by: null },
    ]);
  });
});

describe("an order", () => {
  test("exists once per run, with its outcome, and the replies are one per message", async () => {
    await applied(bench, "order", ["hi", "221B Baker Street", "+14155552671", "3", "yes", "hi"]);
    expect(
      await rowsOf(
        "orders",
        "order",
        "run, client_phone, delivery_address, quantity, source, status, chat2desk_client_id",
      ),
    ).toEqual([
      {
        run: 1,
        client_phone: "+14155552671",
        delivery_address: "221B Baker Street",
        quantity: 3,
        source: "chat2desk",
        status: "new",
        chat2desk_client_id: "order",
      },
    ]);
    expect(
      await rowsOf("dialog_outcomes", "order", "run, completed, dropoff_state, total_messages"),
    ).toEqual([{ run: 1, completed: true, dropoff_state: null, total_messages: 5 }]);
    expect(await rowsOf("outbox", "order", "count(*)::int AS n")).toEqual([{ n: 6 }]);
    expect(
      bench.deliveries
        .filter(({ conversation }) => conversation === bench.conversation("order"))
        .reduce((sum, { count }) => sum + count, 0),
    ).toBe(6);
  });
});
