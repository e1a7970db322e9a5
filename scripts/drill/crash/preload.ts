/**
 * Loaded before Hookdesk's program in a drill's processes: it wraps functions at the seams of modules, so that the nemesis can kill or
 * stop a process between two steps, poison a message and move its clock. Nothing of this is in the program itself.
 *
 * A point is armed by a file named after it in the folder DRILL_CRASH; who renames it first dies of it.
 */
import { readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { plugin } from "bun";
import { seams, wrapped } from "./seams.ts";

const folder = process.env["DRILL_CRASH"] ?? "";
const clockEveryMs = 100;

function hit(point: string): void {
  const file = join(folder, point);
  try {
    const signal = readFileSync(file, "utf8") === "stop" ? "SIGSTOP" : "SIGKILL";
    renameSync(file, `${file}.fired.${process.pid}`);
    process.kill(process.pid, signal);
  } catch {
    // Not armed, or somebody else was first.
  }
}

function taste(text: unknown): void {
  if (text === "drill-poison-throw") throw new Error("poison of the drill");
  if (text === "drill-poison-kill") process.kill(process.pid, "SIGKILL");
}

Object.assign(globalThis, { drillHit: hit, drillTaste: taste });

plugin({
  name: "drill",
  setup: (build) => {
    for (const seam of seams) {
      build.onLoad(
        { filter: new RegExp(`/src/${seam.file.replaceAll(".", "\\.")}$`) },
        ({ path }) => ({
          contents: wrapped(seam, readFileSync(path, "utf8")),
          loader: "ts",
        }),
      );
    }
  },
});

/** The wall clock of this process alone, moved by what a file says; the monotonic clock stays. */
function moveClock(file: string): void {
  const real = Date.now.bind(Date);
  const RealDate = Date;
  let offsetMs = 0;
  const look = () => {
    try {
      offsetMs = Number(readFileSync(file, "utf8")) || 0;
    } catch {
      offsetMs = 0;
    }
  };
  look();
  setInterval(look, clockEveryMs).unref();
  Date.now = () => real() + offsetMs;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args: []) =>
      args.length === 0 ? new target(real() + offsetMs) : Reflect.construct(target, args),
  });
}

const clock = process.env["DRILL_CLOCK"];
if (clock !== undefined) moveClock(clock);
