import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { isJsonObject } from "../../src/core/json.ts";
import { type Fixture, readFixtures } from "../support/chat2desk-fixtures.ts";
import { eventually } from "../support/eventually.ts";
import { openStage, type Stage, testToken } from "../support/hookdesk.ts";
import { addOrigin, addTenant, type TestOrigin } from "../support/tenants.ts";

/** Every hook of the fixture set goes through the real HTTP server, each on an origin of its own, and leaves what it should. */
const fixtures = await readFixtures();
const origins = new Map<string, TestOrigin>();
const statuses = new Map<string, number>();
let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
  const tenant = await addTenant(stage.database, "fixtures");
  for (const [index, { name }] of fixtures.entries()) {
    const settings = {
      tenant,
      key: `fixture-${index}`,
      token: testToken,
      apiUrl: stage.platform.url,
    };
    origins.set(name, await addOrigin(stage.database, settings));
  }
  const probe = () => post(fixtures[0]?.name ?? "", new Uint8Array());
  await eventually("the origins are known", async () => (await probe()) !== 404);
  for (const fixture of fixtures) statuses.set(fixture.name, await post(fixture.name, fixture.raw));
  await eventually(
    "everything is applied",
    async () => (await stage.database.count("SELECT count(*) FROM pending")) === 0,
  );
}, 60_000);

afterAll(async () => stage.close());

async function post(name: string, raw: Uint8Array): Promise<number> {
  const origin = origins.get(name);
  const key = new Bun.CryptoHasher("md5").update(testToken).digest("hex");
  const signature = new Bun.CryptoHasher("sha256", key)
    .update(raw)
    .update("1743681006")
    .digest("hex");
  const response = await fetch(`${stage.hookdesk.url}/webhook/chat2desk/${origin?.key}`, {
    method: "POST",
    body: raw,
    headers: {
      "Content-Type": "application/json",
      "X-Signature": signature,
      "X-Timestamp": "1743681006",
    },
  });
  return response.status;
}

type Journaled = {
  readonly kind: string;
  readonly ignored: string | null;
  readonly raw: Uint8Array;
  readonly conv: string | null;
};

async function journaled(fixture: Fixture): Promise<readonly Journaled[]> {
  return stage.database.rows<Journaled>(
    "SELECT kind, ignored, raw, conv FROM journal WHERE origin_id = $1",
    [origins.get(fixture.name)?.origin],
  );
}

function expectedEvent(fixture: Fixture): Readonly<Record<string, unknown>> | null {
  return isJsonObject(fixture.expect) && isJsonObject(fixture.expect["event"])
    ? fixture.expect["event"]
    : null;
}

describe("a hook through the real server", () => {
  test("there are hooks of every documented type", () => {
    const types = new Set(fixtures.map((fixture) => fixture.body["hook_type"]));
    for (const type of documentedHookTypes) expect(types).toContain(type);
  });

  test.each(fixtures.map((fixture) => [fixture.name, fixture] as const))(
    "%s is acknowledged and journaled as it came",
    async (_, fixture) => {
      expect(statuses.get(fixture.name)).toBe(200);
      const [row, ...more] = await journaled(fixture);
      expect(more).toEqual([]);
      expect(Buffer.from(row?.raw ?? []).equals(fixture.raw)).toBe(true);
      const event = expectedEvent(fixture);
      if (event !== null) expect(row).toMatchObject({ kind: event["type"], ignored: null });
      else
        expect(row).toMatchObject({
          kind: "ignored",
          ignored: isJsonObject(fixture.expect) ? fixture.expect["ignored"] : undefined,
          conv: null,
        });
    },
  );

  test("nothing of them is parked or left open", async () => {
    expect(await stage.database.count("SELECT count(*) FROM parked")).toBe(0);
    expect(await stage.database.count("SELECT count(*) FROM pending")).toBe(0);
  });

  const written = fixtures.filter((fixture) => {
    const event = expectedEvent(fixture);
    return event?.["type"] === "client_message" && event["unanswered"] === null;
  });

  test.each(written.map((fixture) => [fixture.name, fixture] as const))(
    "%s is answered once, to the ids as they were written",
    async (_, fixture) => {
      const origin = origins.get(fixture.name);
      const reply = await eventually("the reply is sent", () => replyTo(origin?.origin));
      expect(reply).toHaveLength(1);
      const id = `${origin?.tenant}-${reply[0]?.conv}-${reply[0]?.seq}`;
      const entry = await stage.platform.waitFor(
        (one) => one.kind === "send" && one.externalId === id,
        5_000,
      );
      if (entry.kind !== "send") throw new Error("not a send");
      const wanted: unknown = expectedEvent(fixture)?.["address"];
      const seen = [entry.client, entry.channel].map((id) =>
        id === null ? "null" : writingOf(id),
      );
      expect<unknown>(`[${seen.join(",")},${JSON.stringify(entry.transport)}]`).toBe(wanted);
      expect(entry).toMatchObject({ type: "autoreply", openDialog: false });
    },
  );
});

/** An id as it stood in the JSON that the platform received. */
function writingOf(id: { readonly value: string; readonly type: "number" | "string" }): string {
  return id.type === "number" ? id.value : JSON.stringify(id.value);
}

async function replyTo(origin: number | undefined) {
  const rows = await stage.database.rows<{ conv: string; seq: string }>(
    "SELECT conv, seq FROM deliveries WHERE origin_id = $1 AND status = 'sent'",
    [origin],
  );
  return rows.length > 0 && rows;
}

const documentedHookTypes = [
  "inbox",
  "outbox",
  "imported_message",
  "comment",
  "system_message",
  "outbox_status",
  "new_client",
  "client_updated",
  "client_added_to_blacklist",
  "new_request",
  "close_request",
  "close_dialog",
  "dialog_transferred",
  "add_tag_to_client",
  "delete_tag_from_client",
  "add_tag_to_request",
  "delete_tag_from_request",
  "operator_status_updated",
  "operator_status_changed",
  "new_qr_code",
  "new_ticket",
  "ticket_updated",
  "ticket_deleted",
];
