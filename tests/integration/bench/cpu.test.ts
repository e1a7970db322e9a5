import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { costOf } from "../../../scripts/bench/cpu.ts";
import { procText } from "../../../scripts/bench/proc.ts";

/** Counts in a child that ends, says so, and stays. */
const program = `sh -c 'i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done'; echo counted; read line`;

test("what a child has used counts for its parent when the child has ended", async () => {
  const parent = spawn("sh", ["-c", program], { stdio: ["pipe", "pipe", "inherit"] });
  const costing = [{ name: "parent", pid: parent.pid ?? 0, children: true }];
  const { cpu } = await costOf(
    costing,
    () => new Promise((resolve) => parent.stdout.once("data", resolve)),
  );
  parent.stdin.end("\n");
  // Only Linux tells.
  expect((cpu["parent"] ?? 0) > 0.05).toBe(procText("stat") !== "");
});
