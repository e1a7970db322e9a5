import { describe, expect, test } from "bun:test";
import { BadUse } from "../../../src/cli/bad-use.ts";
import { readCommand } from "../../../src/cli/command.ts";
import { readSince } from "../../../src/cli/since.ts";

const now = Date.parse("2026-11-21T12:00:00Z");
const read = (line: string) => readCommand(line.split(" ").filter(Boolean), now);

function faultOf(line: string): BadUse {
  try {
    read(line);
  } catch (error) {
    if (error instanceof BadUse) return error;
    throw error;
  }
  throw new Error(`"${line}" was understood`);
}

describe("a command line", () => {
  test("without a command, with help or --help is answered with the help that fits", () => {
    expect(read("")).toEqual({ type: "help", topic: "" });
    expect(read("--help")).toEqual({ type: "help", topic: "" });
    expect(read("parked")).toEqual({ type: "help", topic: "parked" });
    expect(read("help ledger")).toEqual({ type: "help", topic: "ledger" });
    expect(read("parked replay --help")).toEqual({ type: "help", topic: "parked replay" });
    expect(read("parked show e-3fa09c1e-1 -h")).toEqual({ type: "help", topic: "parked show" });
  });

  test("lists with every filter", () => {
    const line = "parked list --events --tenant a --origin chat2desk/b --since 2h --limit 7 --json";
    expect(read(line)).toEqual({
      type: "list",
      filter: { kind: "event", tenant: "a", origin: "chat2desk/b", since: now - 7_200_000 },
      limit: 7,
      json: true,
    });
    expect(read("parked list")).toMatchObject({ filter: {}, limit: 100, json: false });
  });

  test("replays ids or all that fits, never both ways at once", () => {
    const name = { kind: "event", conversation: "3fa09c1e", number: "1" } as const;
    expect(read("parked replay e-3fa09c1e-1 --by anna")).toEqual({
      type: "replay",
      names: [name],
      by: "anna",
    });
    expect(read("parked replay --all --deliveries")).toEqual({
      type: "replay all",
      filter: { kind: "delivery" },
      by: null,
    });
    expect(faultOf("parked replay").message).toContain("--all");
    expect(faultOf("parked replay --all e-3fa09c1e-1").message).toContain("e-3fa09c1e-1");
    expect(faultOf("parked replay e-3fa09c1e-1 --since 1h").message).toContain("--all");
  });

  test("discards only with a reason", () => {
    expect(faultOf("parked discard e-3fa09c1e-1").message).toContain("--why");
    expect(faultOf("parked discard e-3fa09c1e-1 --why=").message).toContain("--why");
    expect(faultOf("parked discard --why spam").message).toContain("ids");
    expect(read("parked discard d-3fa09c1e-1 --why spam")).toMatchObject({ why: "spam", by: null });
  });

  test("that cannot be followed is refused with the help that fits", () => {
    expect(faultOf("parkd")).toMatchObject({ topic: "" });
    expect(faultOf("parked lst")).toMatchObject({ topic: "parked" });
    expect(faultOf("ledger --jsn")).toMatchObject({ topic: "ledger" });
    expect(faultOf("ledger now")).toMatchObject({ topic: "ledger" });
    expect(faultOf("parked show")).toMatchObject({ topic: "parked show" });
    expect(faultOf("parked show e-3fa09c1e-1 e-3fa09c1e-2")).toMatchObject({
      topic: "parked show",
    });
    expect(faultOf("parked show 17").message).toContain('"17" is no id');
    for (const bad of ["0", "-1", "1.5", "many", "10001"])
      expect(faultOf(`parked list --limit=${bad}`).message).toContain("--limit");
    expect(faultOf("parked list --since yesterday").message).toContain("--since");
    expect(faultOf("parked list --events --deliveries").message).toContain("--deliveries");
  });
});

describe("a time", () => {
  test("is a span back from now, a day or an instant, in UTC unless it says otherwise", () => {
    const at = (text: string) => new Date(readSince(text, now) ?? Number.NaN).toISOString();
    expect(at("90s")).toBe("2026-11-21T11:58:30.000Z");
    expect(at("30m")).toBe("2026-11-21T11:30:00.000Z");
    expect(at("7d")).toBe("2026-11-14T12:00:00.000Z");
    expect(at("2026-11-20")).toBe("2026-11-20T00:00:00.000Z");
    expect(at("2026-11-20T08:15")).toBe("2026-11-20T08:15:00.000Z");
    expect(at("2026-11-20 08:15:30")).toBe("2026-11-20T08:15:30.000Z");
    expect(at("2026-11-20T08:15+02:00")).toBe("2026-11-20T06:15:00.000Z");
  });

  test("is nothing else", () => {
    for (const text of ["", "12", "h", "1w", "2026-13-01", "2026-11-20T25:00", "21.11.2026"])
      expect(readSince(text, now)).toBeNull();
  });
});
