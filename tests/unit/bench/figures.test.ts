import { describe, expect, test } from "bun:test";
import { Figures } from "../../../scripts/bench/figures/figures.ts";
import { tableOf } from "../../../scripts/bench/figures/table.ts";

function noted(values: Readonly<Record<string, readonly number[]>>): Figures {
  const figures = new Figures();
  for (const [system, rounds] of Object.entries(values))
    for (const value of rounds) figures.note(system, "messages/s", value);
  return figures;
}

describe("a figure", () => {
  test("has the median, the least and the greatest of its rounds", () => {
    const [odd] = noted({ hookdesk: [30, 10, 20] }).rows();
    expect(odd).toMatchObject({ median: 20, min: 10, max: 30, values: [30, 10, 20] });
    const [even] = noted({ hookdesk: [40, 10, 20, 30] }).rows();
    expect(even?.median).toBe(25);
  });

  test("of a peer is compared with Hookdesk's, whoever was measured first", () => {
    const [peer, own] = noted({ classic: [10, 20], hookdesk: [45] }).rows();
    expect(peer?.ratio).toBe(3);
    expect(own?.ratio).toBeNull();
  });

  test("of nothing is compared with nothing", () => {
    expect(noted({ hookdesk: [0], classic: [5] }).rows()[1]?.ratio).toBeNull();
    expect(noted({ hookdesk: [5], classic: [0] }).rows()[1]?.ratio).toBeNull();
  });
});

test("a table names each figure once and lines its systems up below it", () => {
  const rows = noted({ hookdesk: [1_234.5], classic: [0.25] }).rows();
  expect(tableOf(rows).split("\n")).toEqual([
    "                        median    min    max  hookdesk ÷ it",
    "  messages/s  hookdesk   1,235  1,235  1,235",
    "              classic    0.250  0.250  0.250        4938.00",
  ]);
});

test("a table of Hookdesk alone has no column for comparisons", () => {
  expect(tableOf(noted({ hookdesk: [1, 2] }).rows()).split("\n")).toEqual([
    "                        median  min  max",
    "  messages/s  hookdesk    1.50    1    2",
  ]);
});
