import type { Service } from "../../services/service.ts";
import type { Costing } from "../cpu.ts";
import type { Target } from "../load/commands.ts";
import type { FreshStores } from "../stores.ts";

/** Something that can be measured, not started yet. */
export type Contender = {
  readonly name: string;
  /**
   * `queue` acknowledges first and works later, in other processes; `inline` works, then acknowledges; `bare` acknowledges and does
   * nothing else.
   */
  readonly kind: "queue" | "inline" | "bare";
  /** Starts it on empty stores; `workers: false` leaves those out that would work on what was acknowledged. */
  readonly start: (surroundings: Surroundings, workers: boolean) => Promise<RunningSystem>;
};

export type Surroundings = {
  readonly stores: FreshStores;
  /** Where replies go, for every platform. */
  readonly sinkUrl: string;
  /** Folder of logs. */
  readonly logs: string;
  readonly signal: AbortSignal;
  /** Told of every process, so that whatever fails next still ends it. */
  readonly keep: (service: Service) => Promise<unknown>;
};

export type RunningSystem = {
  readonly target: Target;
  /** Its processes at this moment. */
  readonly costing: () => readonly Costing[];
  /** Starts the processes that were left out; resolves when they are there. */
  readonly startWorkers: () => Promise<void>;
  /** Stops the workers where they stand, warm and with everything they hold, until they are resumed. */
  readonly pauseWorkers: () => void;
  readonly resumeWorkers: () => void;
  /** Webhooks that it has accepted and keeps; null when it keeps none. */
  readonly accepted: () => Promise<number | null>;
  /** Lines that its processes have written: warnings and errors. */
  readonly complaints: () => number;
  readonly stop: () => Promise<void>;
};
