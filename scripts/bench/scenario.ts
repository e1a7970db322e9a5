import type { Service } from "../services/service.ts";
import type { Figures } from "./figures/figures.ts";
import type { Generator } from "./load/generator-process.ts";
import type { BenchStores } from "./stores.ts";
import type { Contender } from "./systems/system.ts";

/** One question to the system, with its answer in figures. */
export type Scenario = {
  readonly name: string;
  /** What must be true for its figures to count; anything else is a fault, whatever the machine's speed. */
  readonly asserts: string;
  /** Notes figures; resolves with the faults of Hookdesk, in words. The peers' faults are figures. */
  readonly run: (bench: Bench, figures: Figures) => Promise<readonly string[]>;
};

/** What a scenario has to work with. */
export type Bench = {
  /** Small sizes, for CI: only right answers count. */
  readonly smoke: boolean;
  /** How often each system is measured, in turn. */
  readonly rounds: number;
  readonly peers: readonly Contender[];
  readonly stores: BenchStores;
  readonly generator: Generator;
  readonly logs: string;
  readonly signal: AbortSignal;
  readonly keep: (service: Service) => Promise<unknown>;
  readonly say: (line: string) => void;
};
