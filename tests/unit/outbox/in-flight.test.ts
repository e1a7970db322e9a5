import { describe, expect, test } from "bun:test";
import { originId } from "../../../src/core/ids.ts";
import { createInFlight } from "../../../src/outbox/in-flight.ts";

const [one, two] = [originId(1), originId(2)];

describe("work in flight", () => {
  test("is counted in total and per origin until it ends, and its end is told", async () => {
    let ends = 0;
    const inFlight = createInFlight(() => {
      ends += 1;
    });
    const works = [one, one, two].map((origin) => {
      const work = Promise.withResolvers<void>();
      inFlight.add(origin, work.promise);
      return work;
    });
    expect(inFlight.size()).toBe(3);
    expect([...inFlight.perOrigin]).toEqual([
      [one, 2],
      [two, 1],
    ]);
    works[0]?.resolve();
    works[2]?.resolve();
    await works[2]?.promise;
    await Promise.resolve();
    expect(inFlight.size()).toBe(1);
    expect([...inFlight.perOrigin]).toEqual([[one, 1]]);
    expect(ends).toBe(2);
    works[1]?.resolve();
    await inFlight.ended();
    expect(inFlight.size()).toBe(0);
    expect(inFlight.perOrigin.size).toBe(0);
  });
});
