import { describe, expect, test } from "bun:test";
import { stopInSteps } from "../../../src/app/shutdown.ts";
import { createLogger } from "../../../src/platform/telemetry/logger.ts";

const logger = createLogger("silent", "test");

describe("stopping in steps", () => {
  test("a step that fails or hangs keeps none of the others from being taken", async () => {
    const taken: string[] = [];
    const step = (name: string, reserveMs: number, run: () => Promise<unknown>) => ({
      name,
      reserveMs,
      run: () => {
        taken.push(name);
        return run();
      },
    });
    await stopInSteps(
      [
        step("fails", 0, () => Promise.reject(new Error("of a test"))),
        step("hangs", 11_400, () => new Promise(() => undefined)),
        step("comes late", 20_000, () => new Promise(() => undefined)),
        step("last", 0, () => Promise.resolve()),
      ],
      logger,
    );
    expect(taken).toEqual(["fails", "hangs", "comes late", "last"]);
  });
});
