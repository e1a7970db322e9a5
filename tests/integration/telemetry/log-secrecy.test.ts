import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { eventually } from "../../support/eventually.ts";
import { testToken } from "../../support/hookdesk.ts";
import { openProcessStage, type ProcessStage } from "../../support/process-stage.ts";
import { becomesReady, type HookdeskProcess } from "../../support/process.ts";
import { inboxHook, signatureOf } from "../../support/signed-webhook.ts";

/** Everything a process prints at its most talkative, while things go well and badly. */
const address = "17 Zebra-Canary Street";
const phone = "+34612345678";
const password = "canary-of-a-password";
const owner = `secrecy_${crypto.randomUUID().slice(0, 8)}`;
const secrets = [
  testToken,
  password,
  "Zebra-Canary",
  "612345678",
  "612 345 678",
  "canary-text",
  "canary-file",
  "Client 77",
];

let stage: ProcessStage;
let hookdesk: HookdeskProcess;
let exitCode: number;

beforeAll(async () => {
  stage = await openProcessStage();
  const url = new URL(stage.environment["DATABASE_URL"] ?? "");
  // An owner of the test's own, because the real one's password may be a word that any log contains.
  await stage.database.rows(`CREATE ROLE ${owner} LOGIN SUPERUSER PASSWORD '${password}'`);
  url.username = owner;
  url.password = password;
  hookdesk = stage.start("all", { DATABASE_URL: url.href, LOG_LEVEL: "debug" });
  await becomesReady(hookdesk);
  await order();
  await disturb();
  hookdesk.signal("SIGTERM");
  exitCode = await hookdesk.exited;
}, 60_000);
afterAll(async () => {
  await hookdesk.end();
  await stage.database.rows(`DROP OWNED BY ${owner}`);
  await stage.database.rows(`DROP ROLE ${owner}`);
  await stage.close();
});

async function order(): Promise<void> {
  let sends = 0;
  for (const text of ["Hi", address, "+34 612 345 678", "2", "yes"]) {
    await stage.platform.say({ clientId: 77, text });
    sends += 1;
    const wanted = sends;
    await eventually(`${wanted} replies`, () => repliesOf("77") >= wanted);
  }
  expect(
    await stage.database.count("SELECT count(*) FROM orders WHERE client_phone = $1", [phone]),
  ).toBe(1);
}

function repliesOf(clientId: string): number {
  const entries = stage.platform.log.since(0);
  return entries.filter((entry) => entry.kind === "send" && entry.client.value === clientId).length;
}

/** Refused webhooks, ignored ones, failing sends and stores that go away: what is logged when something is wrong. */
async function disturb(): Promise<void> {
  const bodies = [
    '{"text":"canary-text"',
    '{"hook_type":"inbox","text":"canary-text","message_id":{}}',
    '{"hook_type":"canary-text"}',
    inboxHook(1, 78).replace("Hi", "canary-text \\u0000 \\ud800"),
  ];
  for (const text of bodies) {
    const body = new TextEncoder().encode(text);
    const headers = signatureOf(body);
    await fetch(`${hookdesk.url}/webhook/chat2desk`, { method: "POST", body, headers });
  }
  const files = [
    "http://127.0.0.1:9/canary-file?token=1",
    "http://canary-file.example.test/a",
    "canary-file",
  ];
  for (const [index, photo] of files.entries())
    await stage.platform.say({ clientId: 91 + index, photo });
  for (const reason of ["address_forbidden", "name_not_found", "bad_address"])
    await eventually(`a file is ${reason}`, () => hookdesk.output().includes(reason));
  const faults = [
    { mode: "error" },
    { mode: "bad-request" },
    { mode: "raw", status: 200, body: "canary-text is no JSON" },
    { mode: "cut-after-reading" },
    { mode: "wrong-token" },
  ];
  for (const [index, fault] of faults.entries()) {
    const clientId = 81 + index;
    await stage.platform.control({ do: "sends", fault, clientId });
    await stage.platform.say({ clientId, text: "canary-text" });
  }
  await eventually("the fault is met", () => hookdesk.output().includes("unauthorized"));
  await stage.redisWire.refuse();
  await stage.postgresWire.refuse();
  void stage.platform.say({ clientId: 80, text: "canary-text" });
  await eventually("it is felt", () => hookdesk.output().includes("webhooks could not be stored"));
}

describe("what is logged at the level debug", () => {
  test("no secret, phone number, address, name or message text is printed, whatever goes wrong", () => {
    const output = hookdesk.output();
    for (const secret of secrets)
      expect([secret, output.includes(secret)]).toEqual([secret, false]);
  });

  test("every line is JSON with its time, level, message, role and process", () => {
    const lines = hookdesk.output().trim().split("\n");
    expect(lines.length).toBeGreaterThan(20);
    for (const line of lines) {
      const fields: unknown = JSON.parse(line);
      expect(fields).toMatchObject({
        timestamp: expect.any(String),
        level: expect.stringMatching(/^(debug|info|warn|error)$/),
        message: expect.any(String),
        role: "all",
        pid: hookdesk.pid,
      });
    }
  });

  test("a message can be followed by its event, conversation and delivery", () => {
    const lines = hookdesk.output().trim().split("\n").map(fieldsOf);
    const accepted = lines.find(({ message }) => message === "event accepted");
    const { event, conversation } = accepted ?? {};
    const applied = lines.find(
      (line) => line["message"] === "event applied" && line["event"] === event,
    );
    expect(applied?.["conversation"]).toBe(conversation);
    const sent = lines.find(({ message }) => message === "delivery sent");
    expect(String(sent?.["delivery"])).toContain(String(conversation));
  });

  test("the last line says that it has stopped", () => {
    expect(exitCode).toBe(0);
    expect(hookdesk.output().trim().split("\n").at(-1)).toContain('"message":"stopped"');
  });
});

function fieldsOf(line: string): Readonly<Record<string, unknown>> {
  const fields: Readonly<Record<string, unknown>> = JSON.parse(line);
  return fields;
}
