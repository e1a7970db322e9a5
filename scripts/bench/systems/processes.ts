import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { startChild } from "../../services/child.ts";
import { signalProcess } from "../../services/process-identity.ts";
import { readiness } from "../../services/readiness.ts";
import type { Service } from "../../services/service.ts";
import type { Costing } from "../cpu.ts";
import type { Surroundings } from "./system.ts";

export type Program = {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
};

const stopDeadlineMs = 15_000;
const readyDeadlineMs = 30_000;

/** The processes of one running system: a door that takes webhooks, and workers behind it. */
export class Processes {
  readonly #system: string;
  readonly #surroundings: Surroundings;
  readonly #doors: Service[] = [];
  readonly #workers: Service[] = [];

  constructor(system: string, surroundings: Surroundings) {
    this.#system = system;
    this.#surroundings = surroundings;
    mkdirSync(surroundings.logs, { recursive: true });
  }

  async startDoor(program: Program): Promise<void> {
    this.#doors.push(await this.#start(program));
  }

  async startWorker(program: Program): Promise<void> {
    this.#workers.push(await this.#start(program));
  }

  /** Waits until `ask` says yes; ends everything and rejects when the door dies first, or when that takes too long. */
  async ready(ask: () => Promise<boolean>): Promise<void> {
    const [door] = this.#doors;
    if (door === undefined) throw new Error(`${this.#system} needs a process that takes webhooks`);
    try {
      await readiness(door, {
        log: this.#logOf(door.name),
        deadlineMs: readyDeadlineMs,
        signal: this.#surroundings.signal,
        ask: async () => ((await ask().catch(() => false)) ? true : undefined),
      });
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  costing(): readonly Costing[] {
    return this.#all().map(({ name, pid }) => ({ name, pid, children: false }));
  }

  pauseWorkers(): void {
    for (const { pid } of this.#workers) signalProcess(pid, "SIGSTOP");
  }

  resumeWorkers(): void {
    for (const { pid } of this.#workers) signalProcess(pid, "SIGCONT");
  }

  complaints(): number {
    return this.#all().reduce((sum, { name }) => sum + linesOf(this.#logOf(name)), 0);
  }

  async stop(): Promise<void> {
    this.resumeWorkers();
    await Promise.all(this.#all().map((service) => service.stop()));
  }

  async #start(program: Program): Promise<Service> {
    const output = { file: this.#logOf(program.name) };
    const service = startChild({ ...program, output, stopDeadlineMs });
    await this.#surroundings.keep(service);
    return service;
  }

  #all(): readonly Service[] {
    return [...this.#doors, ...this.#workers];
  }

  #logOf(name: string): string {
    return join(this.#surroundings.logs, `${this.#system}-${name}.log`);
  }
}

/** The part of a running system that is the same for all. */
export function controlsOf(processes: Processes) {
  return {
    costing: () => processes.costing(),
    pauseWorkers: () => processes.pauseWorkers(),
    resumeWorkers: () => processes.resumeWorkers(),
    complaints: () => processes.complaints(),
    stop: () => processes.stop(),
  };
}

function linesOf(file: string): number {
  return readFileSync(file, "utf8").split("\n").length - 1;
}

/** Whether a server answers there, whatever it says. */
export async function answersAt(url: string): Promise<boolean> {
  await (await fetch(url)).arrayBuffer();
  return true;
}
