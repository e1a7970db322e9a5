/**
 * Hookdesk's processes under a supervisor, as pm2 would be.
 *
 *   absent ──start──▶ running ──dies──▶ down ──after a moment──▶ running          running ──stop──▶ absent
 *                        └──pause──▶ paused ──resume──▶ running
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { startChild } from "../services/child.ts";
import { signalProcess } from "../services/process-identity.ts";
import type { Service } from "../services/service.ts";
import type { Services } from "../services/services.ts";
import type { RoleTarget } from "./nemesis.ts";

export type RolesOptions = {
  /** The folder that holds `src`. */
  readonly tree: string;
  readonly logs: string;
  readonly services: Services;
  readonly environmentOf: (role: RoleTarget, name: string) => Readonly<Record<string, string>>;
  /** Files loaded before the program: crash points. */
  readonly preload: readonly string[];
  /** Told of every death that nobody ordered by `stop`. */
  readonly onDeath: (role: RoleTarget, name: string, how: string) => void;
};

type Slot = {
  readonly name: string;
  readonly role: RoleTarget;
  service: Service | null;
  starts: number;
  wanted: boolean;
};

const restartDelayMs = 300;
const stopDeadlineMs = 16_000;

export class Roles {
  readonly #options: RolesOptions;
  readonly #slots: Slot[] = [];
  #restarting = true;

  constructor(options: RolesOptions) {
    this.#options = options;
    mkdirSync(options.logs, { recursive: true });
  }

  async add(role: RoleTarget, count: number): Promise<void> {
    for (let number = 1; number <= count; number += 1) {
      const slot: Slot = {
        name: `${role}-${number}`,
        role,
        service: null,
        starts: 0,
        wanted: true,
      };
      this.#slots.push(slot);
      await this.#start(slot);
    }
  }

  /** The running processes of a role, or all of them. */
  running(
    role?: RoleTarget,
  ): readonly { readonly name: string; readonly role: RoleTarget; readonly pid: number }[] {
    return this.#slots.flatMap(({ name, role: own, service }) =>
      service !== null && (role === undefined || own === role)
        ? [{ name, role: own, pid: service.pid }]
        : [],
    );
  }

  signal(name: string, signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): boolean {
    const service = this.#slots.find((slot) => slot.name === name)?.service ?? null;
    if (service === null) return false;
    signalProcess(service.pid, signal);
    return true;
  }

  /** An orderly restart of one process, as a rolling deployment does; resolves with how the old one ended. */
  async restart(name: string): Promise<string> {
    const slot = this.#slots.find((one) => one.name === name);
    const service = slot?.service ?? null;
    if (slot === undefined || service === null) return "was not there";
    slot.wanted = false;
    await service.stop();
    slot.wanted = true;
    await this.#start(slot);
    return service.exited;
  }

  /** Dead processes stay dead until `revive`. */
  holdBack(): void {
    this.#restarting = false;
  }

  /** Starts what is dead, in this order of names. */
  async revive(names: readonly string[], pauseMs: number): Promise<void> {
    for (const name of names) {
      const slot = this.#slots.find((one) => one.name === name);
      if (slot !== undefined && slot.service === null) await this.#start(slot);
      await Bun.sleep(pauseMs);
    }
    this.#restarting = true;
  }

  /** Nobody is started again; who runs is left to whoever stops it. */
  abandon(): void {
    this.#restarting = false;
    for (const slot of this.#slots) slot.wanted = false;
  }

  async stop(): Promise<void> {
    this.abandon();
    for (const { service } of this.#slots)
      if (service !== null) signalProcess(service.pid, "SIGCONT");
    await Promise.all(this.#slots.map(({ service }) => service?.stop()));
  }

  async #start(slot: Slot): Promise<void> {
    const { tree, logs, services, environmentOf, preload } = this.#options;
    slot.starts += 1;
    const service = startChild({
      name: slot.name,
      command: process.execPath,
      args: [
        "--no-env-file",
        ...preload.flatMap((file) => ["--preload", file]),
        join(tree, "src", "main.ts"),
        `--role=${slot.role}`,
      ],
      cwd: tree,
      env: { PATH: process.env["PATH"], ...environmentOf(slot.role, slot.name) },
      output: { file: join(logs, `${slot.name}.${slot.starts}.log`) },
      stopDeadlineMs,
    });
    slot.service = service;
    void service.exited.then((how) => this.#died(slot, service, how));
    await services.keep(service);
  }

  #died(slot: Slot, service: Service, how: string): void {
    if (slot.service !== service) return;
    slot.service = null;
    if (!slot.wanted) return;
    this.#options.onDeath(slot.role, slot.name, how);
    setTimeout(() => {
      if (this.#restarting && slot.wanted && slot.service === null) void this.#start(slot);
    }, restartDelayMs);
  }
}
