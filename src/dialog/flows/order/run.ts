import type { DialogEffect, DialogRun, RunEnded } from "../../dialog.ts";

/** A whole order, as it is read back to the client and placed. */
export type Order = {
  readonly address: string;
  readonly phone: string;
  readonly quantity: number;
};

type NoData = Readonly<Record<string, never>>;

/**
 * Each state holds exactly what was asked before it, so no order can be confirmed with a part
 * missing.
 */
export type OrderRun =
  | DialogRun<"INITIAL", NoData>
  | DialogRun<"WAITING_ADDRESS", NoData>
  | DialogRun<"WAITING_PHONE", Pick<Order, "address">>
  | DialogRun<"WAITING_QUANTITY", Pick<Order, "address" | "phone">>
  | DialogRun<"WAITING_CONFIRMATION", Order>
  | DialogRun<"COMPLETED", NoData>;

export type OrderState = OrderRun["state"];

/** A run in which the client was asked something and may answer. */
export type OpenRun = Exclude<OrderRun, { readonly state: "INITIAL" | "COMPLETED" }>;

/** Whether the run waits for the client; only such a run can be cancelled, restarted or expire. */
export function isOpen(run: OrderRun): run is OpenRun {
  return run.state !== "INITIAL" && run.state !== "COMPLETED";
}

/**
 * No run is going on. The number of the last one stays, so that the next counts on and no order is
 * named twice.
 */
export function idleRun(number: number): OrderRun {
  return { state: "INITIAL", number, data: {}, startedAt: 0, messages: 0 };
}

/**
 * A new run that waits for the address; `startedAt` in ms, `messages` is 1 if a message of the
 * client belongs to it.
 */
export function newRun(start: Pick<OrderRun, "number" | "startedAt" | "messages">): OpenRun {
  return { state: "WAITING_ADDRESS", ...start, data: {} };
}

/** The effects of ending an open run at `endedAt` (ms). */
export function ending(
  run: OpenRun,
  outcome: Exclude<RunEnded["outcome"], "completed">,
  endedAt: number,
): readonly DialogEffect[] {
  return [runEnded(run, outcome, endedAt)];
}

/** The effects of a confirmed order: it is placed first, then its run ends. */
export function placing(
  run: Extract<OpenRun, { readonly state: "WAITING_CONFIRMATION" }>,
  endedAt: number,
): readonly DialogEffect[] {
  const { address, phone, quantity } = run.data;
  const placed = { type: "order_placed", run: run.number, address, phone, quantity } as const;
  return [placed, runEnded(run, "completed", endedAt)];
}

function runEnded(run: OpenRun, outcome: RunEnded["outcome"], endedAt: number): RunEnded {
  return {
    type: "run_ended",
    run: run.number,
    outcome,
    lastState: run.state,
    messages: run.messages,
    startedAt: run.startedAt,
    endedAt,
  };
}
