import { describe, expect, test } from "bun:test";
import { createSolitude } from "../../../src/conversation/solitude.ts";

type Gate = { readonly promise: Promise<void>; readonly open: () => void };

function gate(): Gate {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { promise, open: resolve };
}

/** Lets everything run that can run now. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

describe("solitude", () => {
  test("groups work beside each other", async () => {
    const solitude = createSolitude();
    const log: string[] = [];
    const first = gate();
    const one = solitude.together(async () => {
      log.push("one");
      await first.promise;
    });
    await solitude.together(async () => void log.push("two"));
    expect(log).toEqual(["one", "two"]);
    first.open();
    await one;
  });

  test("a loner waits for the groups at work, and later groups wait for the loner", async () => {
    const solitude = createSolitude();
    const log: string[] = [];
    const working = gate();
    const suspected = gate();
    const group = solitude.together(() => working.promise);
    const loner = solitude.alone(async () => {
      log.push("loner");
      await suspected.promise;
    });
    const late = solitude.together(async () => void log.push("late group"));
    await settled();
    expect(log).toEqual([]);
    working.open();
    await group;
    await settled();
    expect(log).toEqual(["loner"]);
    suspected.open();
    await Promise.all([loner, late]);
    expect(log).toEqual(["loner", "late group"]);
  });

  test("two loners are never at work together", async () => {
    const solitude = createSolitude();
    let atWork = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      atWork += 1;
      most = Math.max(most, atWork);
      await settled();
      atWork -= 1;
    };
    await Promise.all([solitude.alone(work), solitude.alone(work), solitude.together(work)]);
    expect(most).toBe(1);
  });

  test("who fails leaves the door open and the failure is the caller's", async () => {
    const solitude = createSolitude();
    const fail = async (): Promise<never> => {
      throw new Error("no");
    };
    await expect(solitude.alone(fail)).rejects.toThrow("no");
    await expect(solitude.together(fail)).rejects.toThrow("no");
    expect(await solitude.alone(async () => "free")).toBe("free");
  });
});
