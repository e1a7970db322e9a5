import { describe, expect, test } from "bun:test";
import { createLook } from "../../../src/platform/watchdog/watch.ts";

describe("the look at the event loop's counter", () => {
  function watched(looksMax: number) {
    const beats = new Int32Array(new SharedArrayBuffer(4));
    const look = createLook({ beats, looksMax, lookMs: 1 });
    return { look, beats, beat: () => Atomics.add(beats, 0, 1) };
  }

  test("only an unbroken row of looks at an unmoved counter says that the loop stands still", () => {
    const { look, beat } = watched(3);
    expect([look(), look()]).toEqual([false, false]);
    beat();
    expect([look(), look(), look()]).toEqual([false, false, false]);
    expect(look()).toBe(true);
  });

  test("a counter that has gone round is a moved one", () => {
    const { look, beat, beats } = watched(1);
    beats[0] = 2 ** 31 - 1;
    expect(look()).toBe(false);
    beat();
    expect(look()).toBe(false);
    expect(look()).toBe(true);
  });
});
