import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../services/until.ts";

export const crashPoints = {
  web: ["web.before-commit", "web.after-commit"],
  worker: [
    "worker.after-claim",
    "worker.before-commit",
    "worker.after-commit",
    "worker.before-release",
  ],
  outbox: ["outbox.after-mark", "outbox.after-send", "outbox.before-record", "outbox.after-record"],
} as const;

/** The files by which crash points and clocks of the drill's processes are set. */
export class CrashPoints {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  /** Arms a point; resolves with whether a process met it in time. A point that was not met is disarmed. */
  async fire(
    point: string,
    deadlineMs: number,
    action: "kill" | "stop" = "kill",
  ): Promise<boolean> {
    const file = join(this.folder, point);
    writeFileSync(file, action);
    const met = await until(() => (existsSync(file) ? undefined : true), {
      deadlineMs,
      everyMs: 10,
    });
    rmSync(file, { force: true });
    return met === true;
  }

  /** The file that moves the clock of a process. */
  clockFile(process: string): string {
    return join(this.folder, `clock-${process}`);
  }

  setClock(process: string, offsetMs: number): void {
    writeFileSync(this.clockFile(process), String(offsetMs));
  }
}
