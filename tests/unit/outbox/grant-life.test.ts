import { describe, expect, test } from "bun:test";
import {
  graceMs,
  graceMsMax,
  grantLifeMs,
  grantLifeMsMax,
} from "../../../src/outbox/grant-life.ts";
import { jitterOf } from "../../../src/outbox/jitter.ts";
import { pagesOf } from "../../../src/outbox/pages.ts";

describe("a grant's life", () => {
  test("at least 96 % of every window of half a second and more can be used", () => {
    for (const windowMs of [500, 1_000, 6_000, 60_000, 86_400_000]) {
      expect(windowMs / (windowMs + graceMs(windowMs))).toBeGreaterThanOrEqual(0.96);
    }
  });

  test("half of the grace is left for the way to the platform", () => {
    for (const windowMs of [1, 100, 1_000, 6_000, 60_000, 86_400_000]) {
      expect(graceMs(windowMs) - grantLifeMs(windowMs)).toBeGreaterThanOrEqual(
        grantLifeMs(windowMs),
      );
    }
  });

  test("it is never longer than what silence is judged by, nor too short for one call of Redis", () => {
    expect(grantLifeMs(86_400_000)).toBe(grantLifeMsMax);
    expect(graceMs(86_400_000)).toBe(graceMsMax);
    expect(grantLifeMs(1)).toBeGreaterThanOrEqual(10);
  });
});

describe("jitter", () => {
  test("grants of one script differ, the same grant does not", () => {
    const tokens = Array.from(
      { length: 64 },
      (_, n) => `5f0c8a1e-1f0e-4a5e-9d0b-8f3d1c2b4a59.${n}`,
    );
    const jitters = tokens.map(jitterOf);
    expect(new Set(jitters).size).toBe(64);
    expect(jitters.every((jitter) => jitter >= 0 && jitter < 1)).toBe(true);
    expect(tokens.map(jitterOf)).toEqual(jitters);
    expect(Math.max(...jitters) - Math.min(...jitters)).toBeGreaterThan(0.8);
  });
});

describe("pages", () => {
  test("every item is in one page, in order, and no page is too long", () => {
    for (const length of [0, 1, 4, 5, 6, 11]) {
      const items = Array.from({ length }, (_, n) => n);
      const pages = pagesOf(items, 5);
      expect(pages.flat()).toEqual(items);
      expect(pages.every((page) => page.length > 0 && page.length <= 5)).toBe(true);
    }
  });
});
