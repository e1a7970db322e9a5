import { describe, expect, test } from "bun:test";
import { grouped } from "../../../src/core/grouped.ts";

/** A call that a test ends when it likes. */
type Call = { readonly items: readonly number[]; readonly end: (error?: Error) => void };

function controlled(limits: { readonly itemsMax: number; readonly callsMax: number }) {
  const calls: Call[] = [];
  let told: (() => void) | null = null;
  const add = grouped<number, number>((items) => {
    const { promise, resolve, reject } = Promise.withResolvers<readonly number[]>();
    const end = (error?: Error): void => {
      if (error === undefined) resolve(items.map((item) => item * 10));
      else reject(error);
    };
    calls.push({ items, end });
    told?.();
    return promise;
  }, limits);
  const called = async (count: number): Promise<readonly Call[]> => {
    while (calls.length < count)
      await new Promise<void>((resolve) => {
        told = resolve;
      });
    return calls;
  };
  return { add, called };
}

describe("a grouped call", () => {
  test("takes everything that came in the same turn, in order, and gives each its own result", async () => {
    const { add, called } = controlled({ itemsMax: 10, callsMax: 1 });
    const results = Promise.all([1, 2, 3].map(add));
    const [first] = await called(1);
    expect(first?.items).toEqual([1, 2, 3]);
    first?.end();
    expect(await results).toEqual([10, 20, 30]);
  });

  test("leaves what comes while it runs to the next one", async () => {
    const { add, called } = controlled({ itemsMax: 10, callsMax: 1 });
    const before = add(1);
    await called(1);
    const later = Promise.all([add(2), add(3)]);
    (await called(1))[0]?.end();
    await before;
    const [, second] = await called(2);
    expect(second?.items).toEqual([2, 3]);
    second?.end();
    expect(await later).toEqual([20, 30]);
  });

  test("never has more items than allowed, nor more calls at once", async () => {
    const { add, called } = controlled({ itemsMax: 2, callsMax: 2 });
    const results = Promise.all([1, 2, 3, 4, 5].map(add));
    const calls = await called(2);
    expect(calls.map(({ items }) => items)).toEqual([
      [1, 2],
      [3, 4],
    ]);
    calls[1]?.end();
    const [, , third] = await called(3);
    expect(third?.items).toEqual([5]);
    calls[0]?.end();
    third?.end();
    expect(await results).toEqual([10, 20, 30, 40, 50]);
  });

  test("that fails fails its own items only", async () => {
    const { add, called } = controlled({ itemsMax: 1, callsMax: 1 });
    const results = Promise.allSettled([add(1), add(2)]);
    (await called(1))[0]?.end(new Error("refused"));
    (await called(2))[1]?.end();
    expect((await results).map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
  });

  test("that returns too few results rejects those without one instead of leaving them waiting", async () => {
    const add = grouped<number, number>(async () => [1], { itemsMax: 5, callsMax: 1 });
    const results = await Promise.allSettled([add(1), add(2)]);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
  });

  test("that throws before it returns a promise rejects its items", async () => {
    const add = grouped<number, number>(
      () => {
        throw new Error("at once");
      },
      { itemsMax: 5, callsMax: 1 },
    );
    await expect(add(1)).rejects.toThrow("at once");
  });
});
