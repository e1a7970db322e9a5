import { describe, expect, test } from "bun:test";
import { readOptions } from "../../../scripts/bench/options.ts";

describe("the bench's command line", () => {
  test("chooses scenarios by name, peers by folder, and rounds", () => {
    const options = readOptions([
      "--scenario",
      "order,ack",
      "--peer",
      "a",
      "--peer",
      "b",
      "--runs",
      "5",
    ]);
    expect(options.scenarios.map(({ name }) => name)).toEqual(["ack", "order"]);
    expect(options).toMatchObject({ peers: ["a", "b"], rounds: 5, smoke: false, json: null });
  });

  test("means every scenario when none is named, once for smoke", () => {
    expect(readOptions(["--smoke"])).toMatchObject({ rounds: 1, smoke: true });
    expect(readOptions([]).scenarios.length).toBeGreaterThan(5);
  });

  test("refuses what it does not know, in a sentence", () => {
    expect(() => readOptions(["--scenario", "order,nothing"])).toThrow("no scenario nothing");
    expect(() => readOptions(["--runs", "0"])).toThrow("--runs");
    expect(() => readOptions(["--fast"])).toThrow("--fast");
  });
});
