import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { eventually } from "../../support/eventually.ts";
import { openStage, type Stage } from "../../support/hookdesk.ts";
import { idsIn, parkMessageOf, run } from "./operator.ts";

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
});

afterAll(() => stage.close());

const command = (line: string) => run(stage.environment, line);

/** How often the platform took a message to this client. */
const accepted = (client: number): number =>
  stage.platform.log
    .since(0)
    .filter((entry) => entry.kind === "send" && entry.client.value === String(client)).length;

const parkedOf = (kind: "--events" | "--deliveries") =>
  eventually(`parked ${kind}`, async () => idsIn((await command(`parked list ${kind}`)).out)[0]);

/** The platform refuses a delivery once, and before it is tried again its time is over. */
async function parkDelivery(client: number): Promise<string> {
  const fault = { mode: "error", status: 503, accepted: false };
  await stage.platform.control({ do: "sends", clientId: String(client), fault });
  await stage.platform.say({ clientId: client, text: "hello" });
  const failed = "SELECT count(*) FROM attempts WHERE outcome = 'failed'";
  await eventually("a failed attempt", async () => (await stage.database.count(failed)) > 0);
  await stage.database.rows("UPDATE outbox SET deadline_at = now()");
  await stage.platform.control({ do: "clear" });
  return parkedOf("--deliveries");
}

describe("an event that was parked", () => {
  test("is listed, shown without what the customer wrote, replayed and applied exactly once", async () => {
    await parkMessageOf(stage, { clientId: 811, messageId: 9_001, text: "my secret address" });
    await stage.platform.say({ clientId: 811, text: "later" });
    const id = await parkedOf("--events");

    const shown = await command(`parked show ${id}`);
    expect(shown.code).toBe(0);
    expect(shown.out).toContain("the dialog cannot bear this");
    expect(shown.out).not.toContain("my secret address");
    const raw = await command(`parked show ${id} --raw`);
    expect(raw.out).toContain("my secret address");
    expect(raw.note).toContain("customer data");

    const both = await Promise.all([
      command(`parked replay ${id}`),
      command("parked replay --all --events"),
    ]);
    expect(both.map((ran) => ran.out + ran.note).join()).toMatch(/replayed|Replayed 1 event/);
    const logged = "SELECT count(*) FROM message_logs WHERE client_id = '811' AND text = $1";
    const once = () => stage.database.count(logged, ["my secret address"]);
    await eventually("the event is applied", async () => (await once()) > 0);
    expect((await command(`parked replay ${id}`)).code).toBe(1);
    await eventually(
      "nothing is open",
      async () => (await stage.database.count("SELECT count(*) FROM pending")) === 0,
    );
    expect(await once()).toBe(1);
    expect((await command("ledger")).code).toBe(0);
  });

  test("can be discarded with a reason, and the ledger says so", async () => {
    await parkMessageOf(stage, { clientId: 813, messageId: 9_003, text: "spam" });
    const id = await parkedOf("--events");
    expect((await command(`parked discard ${id}`)).code).toBe(2);
    const ran = await command(`parked discard ${id} --by anna --why "it is spam"`);
    expect(ran).toMatchObject({ code: 0, out: `${id}  discarded by anna\n` });
    expect((await command(`parked discard ${id} --why again`)).code).toBe(1);
    const { out, code } = await command("ledger --json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      balanced: true,
      origins: [{ discarded: 1, missing: 0 }],
    });
  });
});

describe("a delivery that was parked", () => {
  test("is sent once when it is replayed twice at the same time", async () => {
    const id = await parkDelivery(821);
    expect((await command(`parked show ${id}`)).out).toContain("HTTP 503");
    const ends = await Promise.all([
      command(`parked replay ${id}`),
      command("parked replay --all"),
    ]);
    expect(ends.filter((ran) => /replayed$|1 delivery/m.test(ran.out))).toHaveLength(1);
    await eventually("it is sent", () => accepted(821) > 0);
    await eventually(
      "nothing is open",
      async () => (await stage.database.count("SELECT count(*) FROM outbox")) === 0,
    );
    expect(accepted(821)).toBe(1);
    expect((await command("parked list")).out).toBe("Nothing is parked.\n");
  });
});

describe("the program", () => {
  test("runs by itself, prints for programs what it is asked for, and ends", async () => {
    const file = join(import.meta.dir, "..", "..", "..", "src", "cli", "main.ts");
    const child = Bun.spawn([process.execPath, file, "ledger", "--json"], {
      env: { ...process.env, ...stage.environment },
      stdout: "pipe",
      stderr: "pipe",
    });
    const out = await new Response(child.stdout).text();
    expect(await child.exited).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ balanced: true });
  });
});
