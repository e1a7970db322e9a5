import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { startChild } from "../../services/child.ts";
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

/** The processes of one running system. */
export class Processes {
  readonly #system: string;
  readonly #surroundings: Surroundings;
  readonly #services: Service[] = [];

  constructor(system: string, surroundings: Surroundings) {
    this.#system = system;
    this.#surroundings = surroundings;
    mkdirSync(surroundings.logs, { recursive: true });
  }

  async start(program: Program): Promise<Service> {
    const service = startChild({
      ...program,
      output: { file: this.#logOf(program.name) },
      stopDeadlineMs,
    });
    this.#services.push(service);
    await this.#surroundings.keep(service);
    return service;
  }

  /** Waits until `ask` says yes; rejects when that process dies first. */
  async ready(service: Service, ask: () => Promise<boolean>): Promise<void> {
    await readiness(service, {
      log: this.#logOf(service.name),
      deadlineMs: readyDeadlineMs,
      signal: this.#surroundings.signal,
      ask: async () => ((await ask().catch(() => false)) ? true : undefined),
    });
  }

  costing(): readonly Costing[] {
    return this.#services.map(({ name, pid }) => ({ name, pid, children: false }));
  }

  pid(name: string): number | null {
    return this.#services.find((service) => service.name === name)?.pid ?? null;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#services.map((service) => service.stop()));
  }

  #logOf(name: string): string {
    return join(this.#surroundings.logs, `${this.#system}-${name}.log`);
  }
}

/** Whether a server answers there, whatever it says. */
export async function answersAt(url: string): Promise<boolean> {
  await (await fetch(url)).arrayBuffer();
  return true;
}
