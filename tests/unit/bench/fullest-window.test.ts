import { expect, test } from "bun:test";
import { fullestWindow } from "../../../scripts/bench/scenarios/fullest-window.ts";

test("the fullest window is found wherever it begins, and its end does not belong to it", () => {
  expect(fullestWindow([], 100)).toBe(0);
  expect(fullestWindow([0, 99, 100, 199], 100)).toBe(2);
  expect(fullestWindow([0, 90, 100, 110, 120, 300], 100)).toBe(4);
});
