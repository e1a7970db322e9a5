import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import type { ReadEvent } from "../../../../src/channels/channel.ts";
import { readHook } from "../../../../src/channels/chat2desk/read.ts";
import { ExactNumber, isJsonObject } from "../../../../src/core/json.ts";
import { type Fixture, readFixtures } from "../../../support/chat2desk-fixtures.ts";

const fixtures = await readFixtures();

function fixtureNamed(name: string): Fixture {
  const found = fixtures.find((fixture) => fixture.name === name);
  if (found === undefined) throw new Error(`no fixture is named ${name}`);
  return found;
}

function read(body: Readonly<Record<string, unknown>>): ReadEvent {
  const [event, ...more] = readHook({
    json: body,
    raw: new TextEncoder().encode(JSON.stringify(body)),
  });
  if (event === undefined || more.length > 0) throw new Error("a hook is exactly one event");
  return event;
}

function bodyKey(raw: Uint8Array): unknown {
  return { bucket: 0, key: `b:${createHash("sha256").update(raw).digest("hex")}` };
}

function expected({ expect: wanted, raw }: Fixture): unknown {
  if (!isJsonObject(wanted)) throw new Error("a fixture says what it expects");
  const keyless = "ignored" in wanted || wanted["key"] === "body";
  return keyless ? { ...wanted, key: bodyKey(raw) } : wanted;
}

describe("every fixture reads as it says", () => {
  for (const fixture of fixtures) {
    test(fixture.name, () => {
      const events: unknown[] = [...readHook({ json: fixture.body, raw: fixture.raw })];
      expect(events).toEqual([expected(fixture)]);
    });
  }
});

const inbox = fixtureNamed("inbox text").body;

function textOf(body: Readonly<Record<string, unknown>>): string {
  const event = read(body);
  if (!("event" in event) || event.event.type !== "client_message")
    throw new Error("expected a client's message");
  return event.event.content.text;
}

describe("limits", () => {
  test("a text longer than 65,536 units is kept up to there, without half a character at the end", () => {
    expect(textOf({ ...inbox, text: "a".repeat(70_000) })).toBe("a".repeat(65_536));
    expect(textOf({ ...inbox, text: `${"a".repeat(65_535)}🍜` })).toBe("a".repeat(65_535));
    expect(textOf({ ...inbox, text: `${"a".repeat(65_534)}🍜` })).toBe(`${"a".repeat(65_534)}🍜`);
  });

  test("a lone surrogate never reaches the pipeline", () => {
    expect(textOf({ ...inbox, text: "a\uD83C" })).toBe("a\uFFFD");
    const event = read({ ...inbox, client_id: "x\uD83C" });
    expect("event" in event && event.subject).toEqual({ kind: "client", identity: "x\uFFFD" });
  });

  test("an id may have 128 characters and not 129", () => {
    expect(read({ ...inbox, client_id: "c".repeat(128) })).toHaveProperty(
      "subject.identity",
      "c".repeat(128),
    );
    expect(read({ ...inbox, client_id: new ExactNumber("9".repeat(128)) })).toHaveProperty(
      "subject.identity",
      "9".repeat(128),
    );
    expect(read({ ...inbox, client_id: new ExactNumber("9".repeat(129)) })).toHaveProperty(
      "ignored",
      "invalid: client_id",
    );
  });

  test("an id that is negative or not finite is no id", () => {
    for (const client_id of [
      new ExactNumber("-9007199254740993"),
      1e300,
      Number.POSITIVE_INFINITY,
      " ",
    ]) {
      expect(read({ ...inbox, client_id })).toHaveProperty("ignored", "invalid: client_id");
    }
  });

  test("more than 50 attachments are cut", () => {
    const attachments = Array.from({ length: 60 }, (_, at) => ({
      name: null,
      link: `https://files.example.test/${at}`,
    }));
    const event = read({ ...inbox, attachments });
    expect(event).toHaveProperty("event.content.parts.length", 50);
  });

  test("an address of a file that is too long makes the hook invalid, and so does a place", () => {
    expect(read({ ...inbox, photo: "p".repeat(5_000) })).toHaveProperty(
      "ignored",
      "invalid: photo",
    );
    expect(read({ ...inbox, coordinates: "p".repeat(5_000) })).toHaveProperty(
      "ignored",
      "invalid: coordinates",
    );
  });
});

describe("tolerance", () => {
  test("a message says the same whatever its flags are written as, and without them", () => {
    const usual = read(inbox);
    for (const flag of [0, 1, true, false, null, "yes", undefined]) {
      expect(
        read({ ...inbox, is_new_request: flag, is_new_client: flag, insta_comment: flag }),
      ).toEqual(usual);
    }
  });

  test("an empty string is an empty field, not a fault", () => {
    const event = read({
      ...inbox,
      operator_id: "",
      channel_id: "",
      transport: "",
      request_id: "",
      photo: "",
      coordinates: "",
    });
    expect(event).toHaveProperty("event.address", "[5100042,null,null]");
    expect(event).toHaveProperty("event.requestId", null);
    expect(event).toHaveProperty("event.content.parts", []);
  });

  test("every reason names a field or a hook and never quotes a value", () => {
    const hostile = {
      hook_type: "inbox",
      message_id: "\u0007secret",
      client_id: { secret: 1 },
      text: { secret: "secret" },
    };
    expect(JSON.stringify(read(hostile))).not.toContain("secret");
    expect(JSON.stringify(read({ hook_type: "secret" }))).not.toContain("secret");
  });

  test("no value in any field makes it throw", () => {
    const odd = [
      null,
      undefined,
      0,
      -1,
      1.5,
      "",
      "x",
      true,
      [],
      {},
      [[]],
      { id: 1 },
      new ExactNumber("99999999999999999999"),
      Number.NaN,
    ];
    for (const { body } of fixtures) {
      for (const field of Object.keys(body)) {
        for (const value of odd)
          expect(read({ ...body, [field]: value }).key.key.length).toBeLessThanOrEqual(200);
      }
    }
  });
});
