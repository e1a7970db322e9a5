import { describe, expect, test } from "bun:test";
import { type Periodic, periodic } from "../../../src/core/service.ts";

const neverMs = 3_600_000;

/** A service whose runs a test counts and ends. */
function controlled(onRun: () => Promise<number | undefined>, pauseMs = neverMs) {
  const errors: unknown[] = [];
  let runs = 0;
  let told: (() => void) | null = null;
  const service: Periodic = periodic({
    name: "test",
    pauseMs,
    onError: (error) => errors.push(error),
    run: () => {
      runs += 1;
      told?.();
      return onRun();
    },
  });
  const ran = async (count: number): Promise<void> => {
    while (runs < count)
      await new Promise<void>((resolve) => {
        told = resolve;
      });
  };
  return { service, ran, errors, runs: () => runs };
}

describe("a periodic service", () => {
  test("runs at once, and again when it is woken out of its pause", async () => {
    const { service, ran, runs } = controlled(async () => undefined);
    await service.start();
    await ran(1);
    service.wake();
    await ran(2);
    await service.stop();
    expect(runs()).toBe(2);
  });

  test("does not lose a wake that comes while it runs", async () => {
    const first = Promise.withResolvers<undefined>();
    const { service, ran, runs } = controlled(() => first.promise);
    await service.start();
    await ran(1);
    service.wake();
    first.resolve(undefined);
    await ran(2);
    await service.stop();
    expect(runs()).toBe(2);
  });

  test("pauses as long as its run says", async () => {
    const { service, ran } = controlled(async () => 1);
    await service.start();
    await ran(5);
    await service.stop();
  });

  test("goes on after a run that failed, and tells of it", async () => {
    const { service, ran, errors } = controlled(async () => {
      throw new Error("away");
    }, 1);
    await service.start();
    await ran(3);
    await service.stop();
    expect(errors.length).toBeGreaterThanOrEqual(2);
  });

  test("stops only when the run in progress has ended", async () => {
    const running = Promise.withResolvers<undefined>();
    const { service, ran } = controlled(() => running.promise);
    await service.start();
    await ran(1);
    let stopped = false;
    const stop = service.stop().then(() => {
      stopped = true;
    });
    await Promise.resolve();
    expect(stopped).toBe(false);
    running.resolve(undefined);
    await stop;
    expect(stopped).toBe(true);
  });

  test("may be stopped before it starts, and twice; a second start runs it no second time", async () => {
    const { service, ran, runs } = controlled(async () => undefined);
    await service.stop();
    await service.start();
    await service.start();
    await ran(1);
    await service.stop();
    await service.stop();
    expect(runs()).toBe(1);
  });
});
